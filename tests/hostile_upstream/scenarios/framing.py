"""The beginning and end of an answer: lengths, chunks, and bytes between answers."""

from __future__ import annotations

from tests.hostile_upstream.honest import (
    DONE,
    LAST_CHUNK,
    Honest,
    chunk,
    chunk_object,
    chunks_of_one_byte,
    error,
    event,
    head,
    to_json,
)
from tests.hostile_upstream.markers import WORDS
from tests.hostile_upstream.scenario import BROKEN, COMPLETES, LOST, Scenario, completes, refused
from tests.hostile_upstream.script import Close, Pause, Reset, Script, Silence
from tests.hostile_upstream.way import NOT_STREAMED, STREAMED, Way

_FOREIGN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n"
_FOREIGN += b'{"choices": [], "a": "zq00000"}'


def _length(value: bytes) -> Scenario:
    """The value is the Content-Length; the body is honest, and the connection stays open."""
    return Scenario(
        f"length-{value[:12].decode('latin-1').strip() or 'empty'}",
        lambda honest: (honest.head(b"Content-Length: " + value) + honest.content, Silence()),
        BROKEN,
    )


def _chunk_size(name: str, size: bytes) -> Scenario:
    return Scenario(
        f"chunk-size-{name}",
        lambda honest: (
            honest.chunked_head() + size + b"\r\n" + honest.content + b"\r\n" + LAST_CHUNK,
            Silence(),
        ),
        BROKEN,
    )


def _padded(honest: Honest, size_bytes: int) -> bytes:
    """A short answer's body, padded to the given size."""
    if honest.way is not Way.STREAM:
        return honest.content.ljust(size_bytes)
    content = event(chunk_object("Paris", finish_reason="stop")) + DONE
    return b"\n" * (size_bytes - len(content)) + content


def _followed(size_bytes: int) -> Scenario:
    """Bytes of another answer follow an answer of that size."""

    def answer(honest: Honest) -> bytes:
        content = _padded(honest, size_bytes)
        return honest.of(content) + _FOREIGN

    return Scenario(f"followed-{size_bytes}", answer, COMPLETES, streamed=completes("Paris"))


SCENARIOS = (
    Scenario("counted", lambda honest: honest.counted(), COMPLETES),
    Scenario("chunked", lambda honest: honest.chunked(), COMPLETES),
    Scenario("uncounted", lambda honest: (honest.head() + honest.content, Close()), COMPLETES),
    Scenario(
        "length-and-chunked",
        lambda honest: honest.chunked(b"Content-Length: %d" % len(honest.content)),
        BROKEN,
    ),
    Scenario(
        "chunked-and-length",
        lambda honest: honest.of(chunk(honest.content) + LAST_CHUNK, b"Transfer-Encoding: chunked"),
        BROKEN,
    ),
    Scenario(
        "two-lengths",
        lambda honest: (honest.counted(b"Content-Length: %d" % (len(honest.content) + 4)), Silence()),
        BROKEN,
    ),
    Scenario(
        "two-lengths-in-one",
        lambda honest: (
            honest.head(b"Content-Length: %d, 4" % len(honest.content)) + honest.content,
            Silence(),
        ),
        BROKEN,
    ),
    Scenario(
        "length-twice-the-same",
        lambda honest: honest.counted(b"Content-Length: %d" % len(honest.content)),
        COMPLETES,
    ),
    *map(
        _length, (b"-1", b"+500", b"0x1f4", b"5e2", b"1_000", b"99999999999999999999", b"nan", b"", b"5 00")
    ),
    Scenario(
        "length-of-petabytes",
        lambda honest: (honest.head(b"Content-Length: 999999999999999") + honest.content, Close()),
        BROKEN,
        streamed=COMPLETES,
    ),
    Scenario(
        "length-of-zeros",
        lambda honest: honest.head(b"Content-Length: " + b"%020d" % len(honest.content)) + honest.content,
        LOST,
    ),
    Scenario(
        "coding-gzip-chunked",
        lambda honest: honest.head(b"Transfer-Encoding: gzip, chunked") + chunk(honest.content) + LAST_CHUNK,
        BROKEN,
    ),
    Scenario(
        "coding-chunked-twice",
        lambda honest: honest.chunked(b"Transfer-Encoding: chunked"),
        BROKEN,
    ),
    Scenario(
        "coding-identity",
        lambda honest: honest.counted(b"Transfer-Encoding: identity"),
        BROKEN,
    ),
    Scenario(
        "coding-xchunked",
        lambda honest: honest.counted(b"Transfer-Encoding: xchunked"),
        BROKEN,
    ),
    Scenario(
        "coding-with-tab",
        lambda honest: honest.head(b"Transfer-Encoding:\tchunked\t") + chunk(honest.content) + LAST_CHUNK,
        COMPLETES,
    ),
    Scenario(
        "coding-in-capitals",
        lambda honest: honest.head(b"TRANSFER-ENCODING: CHUNKED") + chunk(honest.content) + LAST_CHUNK,
        COMPLETES,
    ),
    _chunk_size("overflow", b"fffffffffffffffff"),
    _chunk_size("of-zeros", b"0" * 40 + b"10"),
    _chunk_size("negative", b"-5"),
    _chunk_size("plus", b"+5"),
    _chunk_size("prefixed", b"0x10"),
    _chunk_size("empty", b""),
    _chunk_size("words", WORDS.encode()),
    _chunk_size("too-small", b"5"),
    Scenario(
        "chunk-size-too-large",
        lambda honest: (
            honest.chunked_head()
            + b"%x\r\n" % (len(honest.content) + 9)
            + honest.content
            + b"\r\n"
            + LAST_CHUNK,
            Close(),
        ),
        BROKEN,
        streamed=COMPLETES,
    ),
    Scenario(
        "chunk-end-is-lf",
        lambda honest: honest.chunked_head() + b"%x\n" % len(honest.content) + honest.content + b"\n0\n\n",
        BROKEN,
    ),
    Scenario(
        "chunks-of-one-byte",
        lambda honest: honest.chunked_head() + chunks_of_one_byte(honest.content) + LAST_CHUNK,
        COMPLETES,
    ),
    Scenario(
        "chunk-extension",
        lambda honest: honest.chunked_head() + chunk(honest.content, b";a=" + WORDS.encode()) + LAST_CHUNK,
        COMPLETES,
    ),
    Scenario(
        "chunk-extension-16kB",
        lambda honest: honest.chunked_head() + chunk(honest.content, b";" + b"x" * 16_000) + LAST_CHUNK,
        COMPLETES,
    ),
    Scenario(
        "chunk-extension-1MB",
        lambda honest: (
            honest.chunked_head() + chunk(honest.content, b";" + b"x" * 1_000_000) + LAST_CHUNK,
            Silence(),
        ),
        BROKEN,
    ),
    Scenario(
        "trailers",
        lambda honest: (
            honest.chunked_head()
            + chunk(honest.content)
            + b"0\r\nX-Amzn-RequestId: zq00000\r\nContent-Length: 3\r\n\r\n"
        ),
        COMPLETES,
    ),
    Scenario(
        "body-shorter",
        lambda honest: (
            honest.head(b"Content-Length: %d" % (len(honest.content) + 1)) + honest.content,
            Close(),
        ),
        BROKEN,
        streamed=COMPLETES,
    ),
    Scenario(
        "body-longer",
        lambda honest: honest.counted() + b"and more zq00000",
        COMPLETES,
    ),
    Scenario(
        "body-much-longer",
        lambda honest: honest.counted() + b"and more zq00000 " * 10_000,
        COMPLETES,
    ),
    Scenario(
        "length-cuts-body",
        lambda honest: honest.head(b"Content-Length: 20") + honest.content,
        BROKEN,
    ),
    Scenario("length-0-followed", lambda honest: honest.head(b"Content-Length: 0") + _FOREIGN, BROKEN),
    *map(_followed, (510, 511, 512, 513, 514, 1023, 1024, 16_384, 16_896, 16_897)),
    Scenario(
        "followed-chunked",
        lambda honest: honest.chunked() + _FOREIGN,
        COMPLETES,
    ),
    Scenario(
        "followed-later",
        lambda honest: (honest.counted(), Pause(0.05), _FOREIGN),
        COMPLETES,
    ),
    Scenario(
        "followed-by-a-408",
        lambda honest: (honest.counted(), Pause(0.05), head(b"HTTP/1.1 408 Timeout", b"Content-Length: 0")),
        COMPLETES,
    ),
    Scenario(
        "followed-by-an-interim",
        lambda honest: (honest.counted(), Pause(0.05), head(b"HTTP/1.1 100 Continue")),
        COMPLETES,
    ),
    Scenario(
        "closed-after-keep-alive",
        lambda honest: (honest.counted(b"Connection: keep-alive"), Close()),
        COMPLETES,
    ),
    Scenario(
        "kept-after-close",
        lambda honest: honest.counted(b"Connection: close"),
        COMPLETES,
    ),
    Scenario(
        "before-the-request",
        lambda honest: Script((honest.counted(),), before_request=True),
        COMPLETES,
    ),
    Scenario(
        "two-before-the-request",
        lambda honest: Script((honest.counted() + _FOREIGN,), before_request=True),
        COMPLETES,
    ),
    Scenario(
        "large-request-refused-early",
        lambda _: Script((error(413, b"{}", b"Connection: close"), Close()), before_request=True),
        refused((413, 502)),
        prompt_bytes=3_000_000,
    ),
    Scenario(
        "large-request-closed-early",
        lambda _: Script((Pause(0.05), Reset()), before_request=True),
        BROKEN,
        prompt_bytes=3_000_000,
    ),
    Scenario(
        "large-request-never-read",
        lambda _: Script((Pause(1.5), Close()), before_request=True),
        refused((502, 504)),
        prompt_bytes=3_000_000,
    ),
    Scenario("large-request", lambda honest: honest.counted(), COMPLETES, prompt_bytes=3_000_000),
    Scenario(
        "http-0.9",
        lambda honest: (honest.content, Close()),
        BROKEN,
    ),
    Scenario(
        "http-1.0",
        lambda honest: honest.counted(status=b"HTTP/1.0 200 OK"),
        COMPLETES,
    ),
    Scenario(
        "http-2",
        lambda honest: (honest.counted(status=b"HTTP/2 200"), Close()),
        BROKEN,
    ),
    Scenario(
        "http-2-frames",
        lambda _: (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18), Close()),
        BROKEN,
    ),
    Scenario("tls-alert", lambda _: (b"\x15\x03\x01\x00\x02\x02\x46", Close()), BROKEN),
    Scenario("ssh-banner", lambda _: (b"SSH-2.0-OpenSSH_9.6 zq00000\r\n", Silence()), BROKEN),
    Scenario(
        "done-then-endless-length",
        lambda honest: (honest.head(b"Content-Length: 999999999") + honest.content, Silence()),
        COMPLETES,
        ways=STREAMED,
    ),
    Scenario(
        "whitespace-before-status",
        lambda honest: (b"\r\n" + honest.counted(), Close()),
        LOST,
    ),
    Scenario(
        "body-of-a-stream",
        lambda _: Honest(Way.STREAM).counted(),
        BROKEN,
        ways=NOT_STREAMED,
    ),
    Scenario(
        "one-piece-for-a-stream",
        lambda _: Honest(Way.WHOLE).counted(),
        BROKEN,
        ways=STREAMED,
    ),
    Scenario(
        "typed-as-stream",
        lambda _: Honest(Way.STREAM).of(to_json({"choices": []})),
        BROKEN,
        ways=STREAMED,
    ),
)
