"""Writes messages of an `application/vnd.amazon.eventstream`, and what looks like one.

https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

from struct import pack
from zlib import crc32

TRUE, FALSE, BYTE, SHORT, INTEGER, LONG, BYTES, STRING, TIMESTAMP, UUID = range(10)
_NUMBERS = {BYTE: ">b", SHORT: ">h", INTEGER: ">i", LONG: ">q", TIMESTAMP: ">q"}


def event(kind: str, payload: bytes = b"{}") -> bytes:
    """A message with the headers that Bedrock sends."""
    return message(
        strings({":event-type": kind, ":content-type": "application/json", ":message-type": "event"}), payload
    )


def exception(kind: str, payload: bytes = b"{}") -> bytes:
    """An exception of the service's model."""
    return message(
        strings({":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}),
        payload,
    )


def error(code: str, text: str) -> bytes:
    """An error that the service's model does not have."""
    return message(strings({":message-type": "error", ":error-code": code, ":error-message": text}))


def message(headers: bytes, payload: bytes = b"") -> bytes:
    """A message with these encoded headers, and the right lengths and checksums."""
    content = prelude(16 + len(headers) + len(payload), len(headers)) + headers + payload
    return content + pack(">I", crc32(content))


def prelude(message_bytes: int, header_bytes: int) -> bytes:
    """The first twelve bytes of a message, with the right checksum."""
    lengths = pack(">II", message_bytes, header_bytes)
    return lengths + pack(">I", crc32(lengths))


def strings(headers: dict[str, str]) -> bytes:
    """Headers whose values are strings, encoded."""
    return b"".join(header(name.encode(), STRING, text.encode()) for name, text in headers.items())


def header(name: bytes, kind: int, value: bytes | int = b"") -> bytes:
    """One header, encoded. Of `kind` TRUE and FALSE it has no value; the value of a UUID has 16 bytes."""
    return bytes([len(name)]) + name + bytes([kind]) + _encoded(kind, value)


def _encoded(kind: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return pack(_NUMBERS[kind], value)
    return pack(">H", len(value)) + value if kind in (BYTES, STRING) else value
