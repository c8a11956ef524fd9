"""Silence at every stage of an answer, and answers that arrive too slowly."""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile_upstream.honest import DONE, SAYS_NO, Honest, chunk, head, unfinished_error
from tests.hostile_upstream.scenario import COMPLETES, COMPLETES_OR_IS_LATE, LATE, Scenario, refused
from tests.hostile_upstream.scenarios.stages import STAGES, Stage
from tests.hostile_upstream.script import Close, Endless, Pause, Script, Silence, Slowly
from tests.hostile_upstream.way import NOT_STREAMED, STREAMED

_SHORT_S = 0.2  # well within what may pass between two bytes

_STAGES: tuple[Stage, ...] = (
    *STAGES,
    ("in-status-line", lambda _: b"HTTP/1.1 2"),
    ("in-a-field", lambda _: b"HTTP/1.1 200 OK\r\nContent-Len"),
    ("before-heads-end", lambda honest: honest.head()[:-2]),
    ("after-counted-head", lambda honest: honest.head(b"Content-Length: 99")),
)


def _silent(stage: str, sent: Callable[[Honest], bytes]) -> Scenario:
    return Scenario(f"silent-{stage}", lambda honest: (sent(honest), Silence()), LATE)


def _paused(stage: str, at: Callable[[bytes], int]) -> Scenario:
    def answer(honest: Honest) -> tuple[bytes, Pause, bytes]:
        whole = honest.chunked()
        return whole[: at(whole)], Pause(_SHORT_S), whole[at(whole) :]

    return Scenario(f"paused-{stage}", answer, COMPLETES)


SCENARIOS = (
    *(_silent(stage, sent) for stage, sent in _STAGES),
    _paused("in-status-line", lambda _: 5),
    _paused("in-head", lambda _: 30),
    _paused("before-body", lambda whole: whole.index(b"\r\n\r\n") + 4),
    _paused("in-body", lambda whole: len(whole) // 2),
    _paused("before-end", lambda whole: len(whole) - 5),
    Scenario("silent-before-the-request", lambda _: Script((Silence(),), before_request=True), LATE),
    Scenario(
        "uncounted-never-ends",
        lambda honest: (honest.head() + honest.content, Silence()),
        LATE,
        streamed=COMPLETES,
    ),
    Scenario(
        "chunked-never-ends",
        lambda honest: (honest.chunked_head() + chunk(honest.content), Silence()),
        LATE,
        streamed=COMPLETES,
    ),
    Scenario(
        "no-done",
        lambda honest: (
            honest.chunked_head() + chunk(honest.content.removesuffix(DONE)),
            Silence(),
        ),
        LATE,
        ways=STREAMED,
    ),
    Scenario("slow-head", lambda honest: (Slowly(honest.counted(), pause_s=0.1),), LATE),
    Scenario(
        "slow-body",
        lambda honest: (
            honest.counted_head(),
            Slowly(honest.content, pause_s=0.1),
        ),
        LATE,
    ),
    Scenario(
        "slow-chunks",
        lambda honest: (honest.chunked_head(), Slowly(chunk(honest.content), pause_s=0.1)),
        LATE,
    ),
    Scenario(
        "slow-spaces",
        lambda honest: (honest.head(), Endless(b" ", pause_s=0.1)),
        LATE,
        ways=NOT_STREAMED,
    ),
    Scenario(
        "slow-chunk-extension",
        lambda honest: (honest.chunked_head() + b"5;", Endless(b"x", pause_s=0.1)),
        LATE,
    ),
    Scenario(
        "slow-trailers",
        lambda honest: (
            honest.chunked_head() + chunk(honest.content) + b"0\r\n",
            Endless(b"a: zq00000\r\n", pause_s=0.1),
        ),
        LATE,
        streamed=COMPLETES,
    ),
    Scenario(
        "slow-events",
        lambda honest: (honest.head(), Endless(b'data: {"choices": []}\n\n', pause_s=0.1)),
        LATE,
        ways=STREAMED,
    ),
    Scenario(
        "slow-comments", lambda honest: (honest.head(), Endless(b":\n\n", pause_s=0.1)), LATE, ways=STREAMED
    ),
    Scenario(
        "slow-error",
        lambda _: (
            head(b"HTTP/1.1 400 Bad", b"Content-Length: %d" % len(SAYS_NO)),
            Slowly(SAYS_NO, pause_s=0.1),
        ),
        refused((400, 504)),
    ),
    Scenario(
        "silent-error",
        lambda _: (unfinished_error(400), Silence()),
        refused((400, 504)),
    ),
    Scenario(
        "silent-401",
        lambda _: (unfinished_error(401), Silence()),
        refused((503, 504)),
    ),
    Scenario(
        "silent-503",
        lambda _: (unfinished_error(503), Silence()),
        refused((503, 504)),
    ),
    Scenario("late-then-closed", lambda honest: (Pause(0.3), Close()), refused((502, 504))),
    Scenario("late-then-complete", lambda honest: (Pause(0.5), honest.counted()), COMPLETES),
    Scenario(
        "half-then-late", lambda h: (h.chunked()[:60], Pause(0.7), h.chunked()[60:]), COMPLETES_OR_IS_LATE
    ),
)
