"""Reads the messages of an `application/vnd.amazon.eventstream`.

https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import struct
from typing import NamedTuple
from zlib import crc32

# The bytes of the message, the bytes of its headers, and the checksum of these two numbers.
_PRELUDE = struct.Struct(">III")
_LENGTHS_BYTES = 8
_CHECKSUM = struct.Struct(">I")
_LENGTH = struct.Struct(">H")
# The specification limits headers to 128 KiB and a payload to 24 MiB. Services must check these limits, clients must not.
# We check the first, and limit a whole message to 1 MiB, so that an answer cannot fill the memory. Messages of Converse
# usually have a few hundred bytes.
_MOST_HEADER_BYTES = 131_072
_MOST_MESSAGE_BYTES = 1_048_576
_STRING = 7
# By a header's type: the bytes of its value. A byte array and a string begin with their length.
_VALUE_BYTES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_TYPES_WITH_LENGTH = (6, _STRING)
_KIND_HEADERS = {"event": ":event-type", "exception": ":exception-type", "error": ":error-code"}


class MalformedStreamError(ValueError):
    """The stream is damaged, incomplete or not of this format. The error's text repeats nothing of the stream."""


class Event(NamedTuple):
    """A message. `message_type` is "event", "exception" or "error"; `kind` is the name of the event, exception or error.

    `error_message` is the text of the header `:error-message`, which "error" has.
    """

    message_type: str
    kind: str
    payload: bytes
    error_message: str | None = None


class EventParser:
    """Cuts bytes into messages, wherever chunks begin and end."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._needed_bytes = _PRELUDE.size  # of a prelude, and of the whole message once its prelude is read

    def feed(self, chunk: bytes) -> list[Event]:
        """The messages that `chunk` completes. Raises MalformedStreamError.

        Messages before a malformed one are returned; then every further call of `feed` and `end` raises.
        """
        self._rest += chunk
        events: list[Event] = []
        try:
            while len(self._rest) >= self._needed_bytes:
                self._advance(events)
        except MalformedStreamError:  # the malformed bytes stay, and are found again
            if not events:
                raise
        return events

    def end(self) -> None:
        """Call this when the stream has ended. Raises MalformedStreamError if it ended inside a message."""
        self.feed(b"")
        if self._rest:
            raise MalformedStreamError("the stream ended inside a message")

    def _advance(self, events: list[Event]) -> None:
        if self._needed_bytes == _PRELUDE.size:
            self._needed_bytes = _message_bytes(self._rest)
            return
        events.append(_event(self._rest[: self._needed_bytes]))
        # A bytearray drops its first bytes without moving all others each time.
        del self._rest[: self._needed_bytes]
        self._needed_bytes = _PRELUDE.size


def _message_bytes(message: bytearray) -> int:
    """The size of a message that begins with this prelude."""
    message_bytes, header_bytes, checksum = _PRELUDE.unpack_from(message)
    if crc32(message[:_LENGTHS_BYTES]) != checksum:
        raise MalformedStreamError("the checksum of a prelude is wrong")
    if header_bytes > _MOST_HEADER_BYTES or message_bytes > _MOST_MESSAGE_BYTES:
        raise MalformedStreamError("a message is too large")
    if message_bytes < _PRELUDE.size + header_bytes + _CHECKSUM.size:
        raise MalformedStreamError("a message is smaller than its parts")
    return int(message_bytes)


def _event(message: bytearray) -> Event:
    view = memoryview(message)
    end = len(message) - _CHECKSUM.size
    if crc32(view[:end]) != _CHECKSUM.unpack_from(message, end)[0]:
        raise MalformedStreamError("the checksum of a message is wrong")
    header_end = _PRELUDE.size + _PRELUDE.unpack_from(message)[1]
    headers = _headers(bytes(view[_PRELUDE.size : header_end]))
    message_type = headers.get(":message-type") or ""
    kind = headers.get(_KIND_HEADERS.get(message_type, ""))  # no header has an empty name
    if kind is None:
        raise MalformedStreamError("a message has no known type, or no name of its event or error")
    return Event(message_type, kind, bytes(view[header_end:end]), headers.get(":error-message"))


def _headers(block: bytes) -> dict[str, str | None]:
    """Each header's text by the header's name; None if the value is no string."""
    headers: dict[str, str | None] = {}
    at = 0
    while at < len(block):
        try:
            name, text, at = _header(block, at)
        # A length leads past the end, the type is unknown, or a text is no UTF-8.
        except (IndexError, struct.error, KeyError, UnicodeDecodeError):
            raise MalformedStreamError("a header is malformed") from None
        if not name or name in headers:
            raise MalformedStreamError("a header has no name, or the name of another header")
        headers[name] = text
    return headers


def _header(block: bytes, at: int) -> tuple[str, str | None, int]:
    """The name and text of the header that begins at `at`, and where the header ends."""
    type_at = at + 1 + block[at]
    begin, kind = type_at + 1, block[type_at]
    if kind in _TYPES_WITH_LENGTH:
        begin += _LENGTH.size
        end = begin + _LENGTH.unpack_from(block, type_at + 1)[0]
    else:
        end = begin + _VALUE_BYTES[kind]
    if end > len(block):
        raise IndexError
    return block[at + 1 : type_at].decode(), block[begin:end].decode() if kind == _STRING else None, end
