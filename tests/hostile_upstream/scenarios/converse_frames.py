"""Streams of Converse whose messages are malformed, cut off, too large or slow."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from dataclasses import replace
from struct import pack

from tests.hostile_upstream import converse
from tests.hostile_upstream.converse import HonestConverse
from tests.hostile_upstream.honest import LAST_CHUNK, chunk, chunks_of_one_byte
from tests.hostile_upstream.part import Part
from tests.hostile_upstream.scenario import (
    BROKEN,
    COMPLETES,
    COMPLETES_SOMEHOW,
    INVALID,
    LATE,
    LOST,
    Answer,
    Expectation,
    Scenario,
    completes,
)
from tests.hostile_upstream.scenarios import closings, slowness
from tests.hostile_upstream.script import Close, Endless, Frames, Reset, Silence, Slowly
from tests.hostile_upstream.way import STREAMED, Way
from tests.unit.event_stream_messages import (
    BYTE,
    BYTES,
    FALSE,
    INTEGER,
    LONG,
    SHORT,
    STRING,
    TIMESTAMP,
    TRUE,
    UUID,
    header,
    message,
    prelude,
    strings,
)

_MIB = 1_048_576
_STREAM = HonestConverse(Way.STREAM)
_WHOLE = _STREAM.content
_ONE = Frames((converse.delta({"text": "Paris"}),)).data
_UNENDED = Frames(_STREAM.messages[:-1]).data  # without its metadata
_EVENT = strings({":event-type": "a", ":message-type": "event"})


def _flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


_MALFORMED: Mapping[str, bytes] = {
    "zeros": bytes(100),
    "text": b"data: {}\n\n",
    "json": b'{"output": {"message": {"content": []}}}',
    "html": b"<html><body>Paris</body></html>",
    "gzip": gzip.compress(_WHOLE, mtime=0),
    "length-0": prelude(0, 0) + bytes(4),
    "length-15": prelude(15, 0) + bytes(4),
    "length-largest": prelude(2**32 - 1, 0),
    "length-1MiB-and-1": prelude(_MIB + 1, 0),
    "headers-longer-than-message": prelude(20, 5) + bytes(8),
    "headers-129KiB": prelude(200_000, 131_073),
    "headers-largest": prelude(200, 2**32 - 1),
    "prelude-checksum": _flipped(_ONE, 8),
    "length-changed": _flipped(_ONE, 3),
    "message-checksum": _flipped(_ONE, len(_ONE) - 1),
    "payload-changed": _flipped(_ONE, len(_ONE) - 10),
    "header-changed": _flipped(_ONE, 15),
    "no-headers": message(b"", b"{}"),
    "name-past-the-end": message(b"\xff" + _EVENT[1:]),
    "name-empty": message(_EVENT + header(b"", TRUE)),
    "name-repeated": message(_EVENT + header(b":event-type", STRING, b"b")),
    "name-not-utf-8": message(_EVENT + header(b"\xff\xfe", TRUE)),
    "value-not-utf-8": message(_EVENT + header(b"a", STRING, b"\xff\xfe")),
    "value-past-the-end": message(_EVENT + b"\1a\7" + pack(">H", 9) + b"b"),
    "value-without-length": message(_EVENT + b"\1a\7\0"),
    "header-without-type": message(_EVENT + b"\1a"),
    "type-10": message(_EVENT + b"\1a\12"),
    "type-255": message(_EVENT + b"\1a\xff"),
    "no-message-type": message(strings({":event-type": "contentBlockDelta"}), b"{}"),
    "message-type-foreign": message(strings({":event-type": "a", ":message-type": "zq00000"})),
    "message-type-number": message(header(b":message-type", INTEGER, 7) + strings({":event-type": "a"})),
    "no-event-type": message(strings({":message-type": "event"}), b"{}"),
    "event-type-bytes": message(
        strings({":message-type": "event"}) + header(b":event-type", BYTES, b"metadata"), b"{}"
    ),
    "no-exception-type": message(strings({":message-type": "exception"}), b"{}"),
}
# These are tried after words, too.
_AFTER_WORDS = (
    "zeros",
    "text",
    "length-largest",
    "prelude-checksum",
    "message-checksum",
    "type-10",
    "no-headers",
)
_CUT: Mapping[str, bytes] = {
    "a-byte": _ONE[:1],
    "prelude": _ONE[:12],
    "in-headers": _ONE[:20],
    "in-payload": _ONE[:-9],
    "before-the-last-byte": _ONE[:-1],
}
_NUMBERS = b"".join(header(b"h%d" % kind, kind, -1) for kind in (BYTE, SHORT, INTEGER, LONG, TIMESTAMP))
_EVERY_TYPE = b"".join(
    [
        _NUMBERS,
        header(b"a", TRUE),
        header(b"b", FALSE),
        header(b"c", BYTES, b"\xff"),
        header(b"d", UUID, bytes(16)),
    ]
)
# Headers are at most 128 KiB, and so is a value at most 64 KiB.
_LARGE_HEADERS = _EVENT + header(b"b", BYTES, bytes(65_000)) + header(b"c", STRING, b"x" * 65_000)
# From stages of an answer that are the same for each of Bedrock's APIs.
_CLOSINGS = (
    "closed-at-once",
    "closed-in-counted",
    "reset-in-chunk",
    "closed-in-uncounted",
    "reset-between-chunks",
)
_SLOW = ("silent-at-once", "silent-in-counted", "paused-in-body", "slow-body")


def _of(name: str, content: bytes, expect: Expectation) -> Scenario:
    return _answering(name, _STREAM.of(content), expect)


def _answering(name: str, answer: Answer, expect: Expectation) -> Scenario:
    return Scenario(name, lambda _: answer, expect, ways=STREAMED, part=Part.CONVERSE)


def _endless(name: str, content: bytes, expect: Expectation, pause_s: float = 0.0) -> Scenario:
    return _answering(name, (_STREAM.head(), Endless(content, pause_s)), expect)


def _padded(total: int) -> bytes:
    """A text event of that size."""
    payload = b'{"contentBlockIndex":0,"delta":{"text":"Paris"},"p":"%b"}'
    headers = strings({":event-type": "contentBlockDelta", ":message-type": "event"})
    return message(headers, payload % (b"x" * (total - 16 - len(headers) - len(payload) + 2)))


def _shared() -> Iterator[Scenario]:
    """Scenarios of chat completions, with an honest Converse."""
    for scenario in (*closings.SCENARIOS, *slowness.SCENARIOS):
        if scenario.name in (*_CLOSINGS, *_SLOW):
            yield replace(scenario, part=Part.CONVERSE, ways=STREAMED)


SCENARIOS = (
    *(_of(name, bad + _WHOLE, INVALID) for name, bad in _MALFORMED.items()),
    *(_of(f"after-words-{name}", _ONE + _MALFORMED[name] + _WHOLE, INVALID) for name in _AFTER_WORDS),
    *(_of(f"cut-{name}", cut, BROKEN) for name, cut in _CUT.items()),
    *(_of(f"after-words-cut-{name}", _ONE * 2 + cut, BROKEN) for name, cut in _CUT.items()),
    *(_of(f"after-stop-cut-{name}", _UNENDED + cut, BROKEN) for name, cut in _CUT.items()),
    *(_of(f"after-end-cut-{name}", _WHOLE + cut, COMPLETES) for name, cut in _CUT.items()),
    _of("after-end-malformed", _WHOLE + bytes(100), COMPLETES),
    _of("after-end-1MB", _WHOLE + _ONE * 8_000, COMPLETES),
    _of("nothing", b"", LOST),
    _of("words-only", _ONE * 3, LOST),
    _of("no-metadata", _UNENDED, COMPLETES),
    _of("no-payload", message(_EVENT) + _WHOLE, COMPLETES),
    _of("every-header-type", message(_EVENT + _EVERY_TYPE) + _WHOLE, COMPLETES),
    _of("large-headers", message(_LARGE_HEADERS) + _WHOLE, COMPLETES),
    _of(
        "event-without-name",
        message(strings({":event-type": "", ":message-type": "event"})) + _WHOLE,
        COMPLETES,
    ),
    _of("1MiB", _padded(_MIB) + _UNENDED, completes(f"Paris{_STREAM.words}")),
    _of("5000-events", _ONE * 5_000 + _UNENDED, COMPLETES_SOMEHOW),
    _of("5000-unknown-events", message(_EVENT, b"[" * 900) * 5_000 + _WHOLE, COMPLETES),
    _answering("byte-by-byte", _STREAM.chunked_head() + chunks_of_one_byte(_WHOLE) + LAST_CHUNK, COMPLETES),
    _answering("slowly", (_STREAM.counted_head(), Slowly(_WHOLE, pause_s=0.0005)), COMPLETES),
    _answering("slow-frame", (_STREAM.chunked_head(), Slowly(chunk(_ONE), pause_s=0.1)), LATE),
    _endless("slow-events", message(_EVENT), LATE, pause_s=0.1),
    _answering(
        "many-unknown-events",
        (_STREAM.head(), Endless(message(_EVENT, b"x" * 4_000), most_bytes=8_000_000)),
        LATE,
    ),
    _endless("endless-frame", prelude(_MIB, 0) + bytes(65_536), INVALID),
    _answering("1MiB-then-silent", (_STREAM.head() + prelude(_MIB, 0) + bytes(9_999), Silence()), LATE),
    _answering("no-metadata-then-silent", (_STREAM.head() + _UNENDED, Silence()), LATE),
    _answering("no-metadata-then-closed", (_STREAM.chunked_head() + chunk(_UNENDED), Close()), LOST),
    _answering("end-then-silent", (_STREAM.head() + _WHOLE, Silence()), COMPLETES),
    _answering("end-then-reset", (_STREAM.head(b"Content-Length: 99999") + _WHOLE, Reset()), COMPLETES),
    *(
        _answering(f"typed-{number}", _STREAM.counted().replace(converse.EVENT_STREAM, kind), INVALID)
        for number, kind in enumerate((b"application/json", b"text/event-stream", b"zq00000", b"", b"\xff"))
    ),
    _answering("typed-in-capitals", _STREAM.typed(converse.EVENT_STREAM.upper()), COMPLETES),
    _answering(
        "typed-with-parameter", _STREAM.typed(converse.EVENT_STREAM + b"; charset=zq00000"), COMPLETES
    ),
    _answering("whole-answer", HonestConverse(Way.WHOLE).counted(), INVALID),
    *_shared(),
)
