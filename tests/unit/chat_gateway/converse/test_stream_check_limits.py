"""How much of a stream is held for the guardrail, and odd streams that must not break the check."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import pytest

from chat_gateway.converse.answer_check import AnswerCheck
from chat_gateway.converse.apply_guardrail import GuardrailChecks, Verdict
from chat_gateway.converse.stream_check import StreamCheck
from chat_gateway.core.errors import ResponseTooLargeError
from tests.unit.chat_gateway.converse_events import METADATA, STOP, arguments, call, thought, words

if TYPE_CHECKING:
    from chat_gateway.converse.event_stream import Event

consume = partial(deque[object], maxlen=0)
FINDING = {"wordPolicy": {"customWords": [{"action": "BLOCKED"}]}}


class Checks:
    """Gives one verdict, and keeps the texts that it was asked about."""

    identifier = "gr"

    def __init__(self, message: str | None = None) -> None:
        self.message, self.texts = message, list[str]()

    def output(self, texts: Sequence[str]) -> Verdict:
        self.texts += texts
        findings: list[dict[str, Any]] = [] if self.message is None else [FINDING]
        return Verdict(self.message, list(texts), findings, None)


def check(checks: Checks) -> StreamCheck:
    return StreamCheck(AnswerCheck(cast("GuardrailChecks", checks), None, ("weather",)))


def released(checks: Checks, *events: Event) -> list[Event]:
    stream = check(checks)
    return [passed for event in events for passed in stream.released(event)]


@pytest.mark.parametrize("event", [thought("x" * 4_000), arguments(0, "x" * 4_000), call(0, "a")])
def test_endless_parts_are_refused(event: Event) -> None:
    """What is held is limited, in bytes and in events."""
    stream = check(Checks())
    assert stream.released(call(0, "a")) == []
    with pytest.raises(ResponseTooLargeError):
        consume(stream.released(event) for _ in range(100_000))


def test_text_is_limited_before_it_fills_the_memory() -> None:
    """No more characters are held than an answer in one piece may have: in memory, one may take four bytes."""
    stream, event = check(Checks()), arguments(0, "\U0001f600" + "x" * (2**20 - 1))
    held = [stream.released(one) for one in (call(0, "a"), *[event] * 4)]
    assert held == [[]] * 5
    with pytest.raises(ResponseTooLargeError):
        stream.released(event)


def test_many_events_are_held() -> None:
    """A long answer's reasoning fits: 50,000 events."""
    checks = Checks()
    assert len(released(checks, *[thought("words ")] * 50_000, STOP)) == 50_001
    assert checks.texts == ["words " * 50_000]


def test_long_arguments_are_not_read_as_json() -> None:
    """Arguments that the guardrail cannot take are checked as they are written: as objects they need more memory."""
    checks, pieces = Checks(), ['{"a":  [', *("[]," * 10_000,) * 40, "[]]}"]
    released(checks, call(0, "a"), *(arguments(0, piece) for piece in pieces), STOP)
    assert '":  [' in checks.texts[0]


def test_a_block_of_a_part_with_a_large_index() -> None:
    """An index may have as many digits as Python reads; the guardrail's message is passed on."""
    index = 10**4_300 - 1
    last = released(Checks("No."), call(index, "a"), arguments(index, "{}"), thought("a"), STOP)
    assert json.loads(last[0].payload)["delta"] == {"text": "No."}


def test_parts_after_the_end_are_passed_on() -> None:
    """They were not checked: the translator refuses them, and does not lose them in silence."""
    late = [call(0, "a"), arguments(0, "{}"), thought("a")]
    assert released(Checks(), words("a"), STOP, *late, METADATA) == [words("a"), STOP, *late, METADATA]
