"""Tries a scenario in one way, then sends an honest answer, and records both."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.e2e.streaming_runtime import proxy_event
from tests.hostile_upstream import honest, limited_client, markers
from tests.hostile_upstream.aws import Call
from tests.hostile_upstream.converse import HonestConverse
from tests.hostile_upstream.functions import MAX_RECEIVES, Exchange, Function, Kind
from tests.hostile_upstream.honest import Honest
from tests.hostile_upstream.names import CONVERSE_MODEL, NATIVE_MODEL, Name, Position
from tests.hostile_upstream.part import Part
from tests.hostile_upstream.scenario import Scenario
from tests.hostile_upstream.script import Script
from tests.hostile_upstream.way import Way

_SETTLING_S = 2.0
# What is too late, and what is tried again for as long as there is time.
_LENGTHY = frozenset({408, 424, 429, 500, 503, 504, 529})
_TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather in a city."}}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Rome"}'}}


@dataclass(frozen=True, slots=True)
class Trial:
    """A scenario in one way; `number` makes its markers unique.

    `is_last_delivery`: the job is not delivered again, so a failure becomes a dead letter.
    """

    number: int
    scenario: Scenario
    way: Way
    is_last_delivery: bool = False

    @property
    def function(self) -> Kind:
        """The kind of function that runs the trial."""
        is_worker = self.way is Way.JOB
        if self.scenario.by_name is not None:
            return Kind(is_worker=is_worker, is_patient=False, has_names=True)
        statuses = self.scenario.expected(self.way).statuses or ()
        return Kind(is_worker=is_worker, is_patient=_LENGTHY.isdisjoint(statuses))

    @property
    def request_id(self) -> str:
        """The request ID as the log has it."""
        return f"batch_req_{self.key}" if self.way is Way.JOB else self.key

    @property
    def key(self) -> str:
        return f"trial-{self.number}"

    @property
    def receives(self) -> int:
        """The number of times that a job has been delivered."""
        return MAX_RECEIVES if self.is_last_delivery else 1

    @property
    def next_words(self) -> str:
        """The words of the honest answer that follows."""
        return f"Honest answer {self.number}."


@dataclass(frozen=True, slots=True)
class Seen:
    """The outcome of one request.

    `calls` are the function's calls of AWS meanwhile, `asked` counts those of the model, and `checked` has the bodies of the
    requests to check an answer. `asked_elsewhere` counts the calls of the model in the other region. `guardrails` and
    `guardrails_elsewhere` are those that the calls named.
    """

    exchange: Exchange
    calls: list[Call]
    asked: int = 0
    checked: str = ""
    asked_elsewhere: int = 0
    guardrails: frozenset[tuple[str, str]] = frozenset()
    guardrails_elsewhere: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Observation:
    """The scenario's own request, and the honest one after it. `settled`: the scenario's script has ended."""

    hostile: Seen
    honest: Seen
    settled: bool


def of(scenarios: Iterable[Scenario], numbers: Iterator[int]) -> Iterator[Trial]:
    """Each scenario in each of its ways; every second job is at its last delivery."""
    are_last = itertools.cycle((False, True))
    for scenario in scenarios:
        for way in Way:
            if way in scenario.ways:
                yield Trial(next(numbers), scenario, way, way is Way.JOB and next(are_last))


def run(trial: Trial, function: Function) -> Observation:
    """Never raises for an error of the function."""
    hostile, part = trial.scenario.script(trial.way).numbered(trial.number), trial.scenario.part
    is_of_aws = not (part.is_of_model or part.checked)
    function.bedrock.script = hostile if part.is_of_model else _honest(trial, honest.WORDS)
    function.bedrock.checks = {} if part.checked is None else {part.checked: hostile}
    function.aws.script, function.aws.part = hostile if is_of_aws else None, part
    function.elsewhere.script = _elsewhere(trial)
    first = _ask(trial, function, trial.key, _body(trial, trial.scenario.by_name, _prompt(trial)))
    player = function.aws.player if is_of_aws else function.bedrock.player
    settled = player.settle(_SETTLING_S)
    function.aws.script, function.bedrock.checks = None, {}
    function.bedrock.script = _honest(trial, trial.next_words)
    # By a name, the hostile target alone, so that it is asked although it has just failed.
    alone = None if trial.scenario.by_name is None else Position.ALONE
    following = _ask(trial, function, f"{trial.key}-next", _body(trial, alone, "And now?"))
    return Observation(first, following, settled)


def _honest(trial: Trial, words: str) -> Script:
    """The model's honest answer. It calls a tool if that is what is to be checked."""
    part = trial.scenario.part
    if not part.uses_converse:
        return Script((Honest(trial.way, words).counted(),))
    calls_tool = part is Part.OUTPUT_CHECK and words == honest.WORDS
    return Script(HonestConverse(trial.way, words, calls_tool).steps()).numbered(trial.number)


def _elsewhere(trial: Trial) -> Script:
    """The honest answer of a name's other target, on the other route."""
    if trial.scenario.part.uses_converse:
        return Script((Honest(trial.way, honest.OTHER_WORDS).counted(),))
    return Script(HonestConverse(trial.way, honest.OTHER_WORDS).steps())


def _prompt(trial: Trial) -> str:
    words = markers.numbered(f"What is the capital of {markers.WORDS} prompt?".encode(), trial.number)
    return words.decode() + "x" * trial.scenario.prompt_bytes


def _ask(trial: Trial, function: Function, key: str, body: dict[str, Any]) -> Seen:
    event = (_job_event if trial.way is Way.JOB else _chat_event)(trial, key, body)
    function.aws.calls.clear()
    function.bedrock.forget()
    function.elsewhere.forget()
    exchange = function.exchange(event)
    here, elsewhere = function.bedrock.guardrails, function.elsewhere.guardrails
    return Seen(
        exchange,
        list(function.aws.calls),
        asked=len(here),
        checked="".join(function.bedrock.checked),
        asked_elsewhere=len(elsewhere),
        guardrails=frozenset(here),
        guardrails_elsewhere=frozenset(elsewhere),
    )


def _body(trial: Trial, asked: Position | None, prompt: str) -> dict[str, Any]:
    """The request, by a name if `asked` says when: for a check of ApplyGuardrail, with a tool and an earlier call of it."""
    part = trial.scenario.part
    model = CONVERSE_MODEL if part.uses_converse else NATIVE_MODEL
    model = model if asked is None else Name(part.uses_converse, asked).text
    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    if part.checked is None:
        return {"model": model, "messages": messages}
    messages.append({"role": "assistant", "content": None, "tool_calls": [_CALL]})
    messages.append({"role": "tool", "tool_call_id": "call_1", "content": prompt})
    return {"model": model, "messages": messages, "tools": [_TOOL]}


def _chat_event(trial: Trial, key: str, body: dict[str, Any]) -> dict[str, Any]:
    event = proxy_event(json.dumps({**body, "stream": trial.way is Way.STREAM}).encode())
    context = {**event["requestContext"], "extendedRequestId": key, "requestId": f"{key}-api"}
    if trial.scenario.part.has_limits:
        context["authorizer"] = limited_client.AUTHORIZER
    return {**event, "requestContext": context}


def _job_event(trial: Trial, key: str, body: dict[str, Any]) -> dict[str, Any]:
    line = {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}
    record = {
        "messageId": key,
        "receiptHandle": "handle",
        "body": json.dumps(line),
        "attributes": {
            "ApproximateReceiveCount": str(trial.receives),
            "SentTimestamp": str(int(time.time() * 1000)),
        },
        "messageAttributes": {},
    }
    return {"Records": [limited_client.as_sender(record) if trial.scenario.part.has_limits else record]}
