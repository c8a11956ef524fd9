"""Encodes the frames of `application/vnd.amazon.eventstream`, without I/O.

Layout: smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import json
import random
import string
import struct
import zlib
from typing import Any, Literal

JsonObject = dict[str, Any]
Part = Literal["prelude", "message"]

EVENT_STREAM = "application/vnd.amazon.eventstream"

_PRELUDE_AND_CHECKSUMS_BYTES = 16
_STRING = 7  # the type of a header with a string
_PADDING = string.ascii_letters + string.digits
_JSON = {":content-type": "application/json"}


def event_frame(name: str, payload: JsonObject) -> bytes:
    """An event. Its payload also gets `p`, padding of a random length, as Bedrock's has."""
    padding = _PADDING[: random.randint(1, len(_PADDING))]  # noqa: S311 - no secret
    return frame(_JSON | {":event-type": name, ":message-type": "event"}, _json(payload | {"p": padding}))


def exception_frame(name: str, payload: JsonObject) -> bytes:
    """An exception, such as `throttlingException`."""
    return frame(_JSON | {":exception-type": name, ":message-type": "exception"}, _json(payload))


def error_frame(code: str, message: str) -> bytes:
    """An error that no operation models. It has no payload."""
    return frame({":error-code": code, ":error-message": message, ":message-type": "error"}, b"")


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One frame. The order of the headers varies, as Bedrock's does."""
    names = random.sample(list(headers), len(headers))
    head = b"".join(_header(name, headers[name]) for name in names)
    size = _PRELUDE_AND_CHECKSUMS_BYTES + len(head) + len(payload)
    prelude = struct.pack("!II", size, len(head))
    checked = prelude + _checksum(prelude) + head + payload
    return checked + _checksum(checked)


def with_wrong_checksum(encoded: bytes, part: Part) -> bytes:
    """The frame with a wrong checksum of its prelude, or of the whole message."""
    at = 8 if part == "prelude" else len(encoded) - 4
    return encoded[:at] + bytes([encoded[at] ^ 0xFF]) + encoded[at + 1 :]


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack("!B", len(key)) + key + struct.pack("!BH", _STRING, len(text)) + text


def _checksum(content: bytes) -> bytes:
    return struct.pack("!I", zlib.crc32(content))


def _json(payload: JsonObject) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
