"""The connection is closed, or reset, at every stage of an answer."""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile_upstream.honest import DONE, SAYS_NO, Honest, chunk, error, unfinished_error
from tests.hostile_upstream.scenario import (
    BROKEN,
    COMPLETES,
    COMPLETES_OR_IS_LOST,
    Expectation,
    Scenario,
    refused,
)
from tests.hostile_upstream.scenarios.stages import STAGES, Stage
from tests.hostile_upstream.script import Close, Reset, Script, Step
from tests.hostile_upstream.way import NOT_STREAMED, STREAMED, Way

_ENDS: tuple[tuple[str, Step], ...] = (("closed", Close()), ("reset", Reset()))


def _undone(honest: Honest) -> bytes:
    return honest.content.removesuffix(DONE)


_STAGES: tuple[Stage, ...] = (
    *STAGES,
    ("in-status-line", lambda _: b"HTTP/1.1 20"),
    ("in-name", lambda _: b"HTTP/1.1 200 OK\r\nContent-Ty"),
    ("in-value", lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 1"),
    ("before-heads-end", lambda honest: honest.head(b"Content-Length: 9")[:-2]),
    ("after-counted-head", lambda honest: honest.counted_head()),
    ("in-chunk-end", lambda honest: honest.chunked_head() + chunk(_undone(honest))[:-1]),
)
_UNENDED: tuple[tuple[str, Callable[[Honest], bytes], Expectation, Expectation], ...] = (
    ("before-last-chunk", lambda h: h.chunked_head() + chunk(h.content), BROKEN, COMPLETES),
    ("in-last-chunk", lambda h: h.chunked_head() + chunk(h.content) + b"0\r\n", BROKEN, COMPLETES),
    ("in-trailer", lambda h: h.chunked_head() + chunk(h.content) + b"0\r\nX-A: zq00000", BROKEN, COMPLETES),
    ("before-done", lambda h: h.of(_undone(h)), COMPLETES, COMPLETES),
)


def _staged(how: str, end: Step) -> tuple[Scenario, ...]:
    return tuple(
        Scenario(f"{how}-{stage}", lambda honest, sent=sent: (sent(honest), end), BROKEN)  # type: ignore[misc]
        for stage, sent in _STAGES
    )


SCENARIOS = (
    *(scenario for how, end in _ENDS for scenario in _staged(how, end)),
    *(
        Scenario(f"closed-{stage}", lambda h, sent=sent: (sent(h), Close()), expect, streamed=streamed)  # type: ignore[misc]
        for stage, sent, expect, streamed in _UNENDED
    ),
    Scenario("closed-before-the-request", lambda _: Script((Close(),), before_request=True), BROKEN),
    Scenario("reset-before-the-request", lambda _: Script((Reset(),), before_request=True), BROKEN),
    Scenario(
        "error-before-the-request",
        lambda _: Script((error(400, SAYS_NO, b"Connection: close"), Close()), before_request=True),
        refused((400, 502)),
    ),
    Scenario(
        "closed-in-an-error",
        lambda _: (unfinished_error(400), Close()),
        refused((400, 502)),
    ),
    Scenario(
        "closed-in-a-429",
        lambda _: (unfinished_error(429), Close()),
        refused((429, 502)),
    ),
    Scenario(
        "reset-in-a-401",
        lambda _: (unfinished_error(401), Reset()),
        refused((502, 503)),
    ),
    Scenario(
        "reset-after-all",
        lambda honest: (honest.counted(), Reset()),
        COMPLETES_OR_IS_LOST,
    ),
    Scenario(
        "closed-in-done",
        lambda honest: (honest.of(honest.content.removesuffix(b"]\n\n")), Close()),
        COMPLETES,
        ways=STREAMED,
    ),
    Scenario(
        "closed-within-json",
        lambda honest: (honest.head() + honest.content[:-1], Close()),
        BROKEN,
        ways=NOT_STREAMED,
    ),
    Scenario(
        "closed-after-one-event",
        lambda _: (
            Honest(Way.STREAM).head() + Honest(Way.STREAM).content.partition(b"\n\n")[0] + b"\n\n",
            Close(),
        ),
        BROKEN,
        ways=STREAMED,
    ),
)
