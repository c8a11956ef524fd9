"""The OpenAI SDK calls the gateway while Bedrock fails at random; each call's end is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from openai import APIError, APIStatusError, OpenAI

from local.aws.guardrail_policy import BLOCKED_WORD
from local.demonstration.gateway_client import MODEL
from tests.chaos.jobs_in_bad_weather import FAULTS as OF_EVERY_CALL

FAULTS: list[dict[str, Any]] = [
    *OF_EVERY_CALL,
    {"without_choices": True},
    {"cut_after_events": 2},
    {"error_event_after": 2},
]
_THREADS = 8
_EVERY_NTH_STREAMS, _EVERY_NTH_IS_BLOCKED = 3, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the SDK: refused with a status, cut off in its stream, or answered."""

    number: int
    ending: Literal["answered", "refused", "broken off"]
    request_id: str | None
    text: str = ""
    finish_reason: str | None = None

    @property
    def is_to_be_blocked(self) -> bool:
        """Whether the guardrail blocks the call's prompt."""
        return self.number % _EVERY_NTH_IS_BLOCKED == 0

    @property
    def prompt(self) -> str:
        """What was asked."""
        return _prompt(self.number)


def _prompt(number: int) -> str:
    word = BLOCKED_WORD if number % _EVERY_NTH_IS_BLOCKED == 0 else "an umbrella"
    return f"{number}: where do I buy {word}?"


def make(client: OpenAI, count: int) -> Sequence[Call]:
    """The ends of `count` calls, several at once. Raises if one ends in neither an answer nor an error with a status."""
    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(lambda number: _call(client, number), range(count)))


def _call(client: OpenAI, number: int) -> Call:
    prompt = _prompt(number)
    try:
        if number % _EVERY_NTH_STREAMS == 0:
            return _streamed(client, number, prompt)
        completion = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": prompt}]
        )
    except APIStatusError as error:
        return Call(number=number, ending="refused", request_id=error.request_id)
    (choice,) = completion.choices
    return Call(
        number=number,
        ending="answered",
        request_id=completion._request_id,
        text=choice.message.content or "",
        finish_reason=choice.finish_reason,
    )


def _streamed(client: OpenAI, number: int, prompt: str) -> Call:
    text, finish_reason = "", None
    stream = client.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": prompt}], stream=True
    )
    request_id = stream.response.headers.get("x-request-id")
    try:
        for chunk in stream:
            (choice,) = chunk.choices
            text += choice.delta.content or ""
            finish_reason = choice.finish_reason or finish_reason
    except APIError:
        return Call(number=number, ending="broken off", request_id=request_id, text=text)
    return Call(
        number=number, ending="answered", request_id=request_id, text=text, finish_reason=finish_reason
    )
