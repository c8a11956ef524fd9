"""The stages of an answer at which the server stops, with or without closing the connection."""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile_upstream.honest import Honest, chunk

# A name, and what has been sent by then.
Stage = tuple[str, Callable[[Honest], bytes]]

STAGES: tuple[Stage, ...] = (
    ("at-once", lambda _: b""),
    ("after-status-line", lambda _: b"HTTP/1.1 200 OK\r\n"),
    ("after-interim", lambda _: b"HTTP/1.1 100 Continue\r\n\r\n"),
    ("after-chunked-head", lambda honest: honest.chunked_head()),
    ("after-uncounted-head", lambda honest: honest.head()),
    (
        "in-counted",
        lambda honest: honest.counted_head() + honest.half(),
    ),
    ("in-chunk-size", lambda honest: honest.chunked_head() + chunk(honest.half()) + b"1"),
    ("in-chunk", lambda honest: honest.chunked_head() + b"%x\r\n" % len(honest.content) + honest.half()),
    ("between-chunks", lambda honest: honest.chunked_head() + chunk(honest.half())),
    ("in-uncounted", lambda honest: honest.head() + honest.half()),
)
