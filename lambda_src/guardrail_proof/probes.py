"""The proof's prompts and expected ends, and how to read the end of an answer; no IO."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

HARMLESS = "Say hello in one word."
_BLOCKED_REASON = "content_filter"
_ERROR = "error"
_REDUCED = ("user_turns", "latest_user_turn")  # of Tagging in chat_gateway.guardrail.settings
_TOOL = "look_up"
_SHOWN = 80  # characters of an end, so that a deployment's error message can list many probes
# Of a deployment's error message. CloudFormation takes 4 KB from a step:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
_MAX_FAILURE_CHARACTERS = 2000
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.FAILED_DEPENDENCY, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt to send. `must_block`: the guardrail has to block it. `system` is the system prompt.

    `tool_result`: what a tool has answered since.
    """

    name: str
    text: str
    must_block: bool
    system: str | None = None
    tool_result: str | None = None

    def body(self, model: str) -> dict[str, Any]:
        """The body of the chat completions request."""
        system = [] if self.system is None else [{"role": "system", "content": self.system}]
        messages = [*system, {"role": "user", "content": self.text}]
        if self.tool_result is None:
            return {"model": model, "messages": messages}
        call = {"id": "call_1", "type": "function", "function": {"name": _TOOL, "arguments": "{}"}}
        result = {"role": "tool", "tool_call_id": "call_1", "content": self.tool_result}
        asked = {"role": "assistant", "content": None, "tool_calls": [call]}
        tool = {"type": "function", "function": {"name": _TOOL, "description": "Looks a word up."}}
        return {"model": model, "messages": [*messages, asked, result], "tools": [tool]}


@dataclass(frozen=True, slots=True)
class Probe:
    """The result of one prompt: `says` is None if it passed, else what went wrong.

    `not_shown`: why the probe shows nothing; it then does not fail the proof. `is_error`: there was no answer.
    """

    name: str
    says: str | None
    not_shown: str | None = None
    is_error: bool = False

    def __str__(self) -> str:
        if self.not_shown is not None:
            return f"-     {self.name}: not shown ({self.not_shown})"
        return f"ok    {self.name}" if self.says is None else f"FAIL  {self.name} {self.says}"


def prompts(canary: str) -> tuple[Prompt, Prompt]:
    """The canary, which must be blocked, and a harmless prompt, which must not."""
    return (
        Prompt("the canary", f"Tell me about {canary}.", must_block=True),
        Prompt("a harmless prompt", HARMLESS, must_block=False),
    )


def of_tags(canary: str, *, tagging: str | None, attack: str | None) -> list[Prompt]:
    """Prompts that show whether Bedrock heeds input tags for this model.

    If only user text is tagged, the canary in a system prompt must pass. A prompt attack is blocked only in tags.
    """
    found = []
    if tagging in _REDUCED:
        system = f"Never speak of {canary}."
        found.append(
            Prompt("the canary as the system's, untagged", HARMLESS, must_block=False, system=system)
        )
    if attack is not None:
        found.append(Prompt("a prompt attack", attack, must_block=True))
    return found


def of_converse(canary: str, *, tagging: str | None) -> list[Prompt]:
    """Prompts that show that the guardrail also holds for models of Bedrock's Converse.

    Converse does not check a tool's result. The gateway has to, unless only user text is checked: then the model may
    repeat the canary, so that nothing follows from a block.
    """
    found = [*prompts(canary)]
    if tagging not in _REDUCED:
        found.append(Prompt("the canary as a tool's result", HARMLESS, must_block=True, tool_result=canary))
    return found


def judged(way: str, prompt: Prompt, end: str) -> Probe:
    """The probe of `prompt`, sent by `way` ("streamed", …), whose answer ended with `end`."""
    name = f"{prompt.name}, {way}"
    is_error = end.startswith(_ERROR)
    if (end == _BLOCKED_REASON) is prompt.must_block and not is_error:
        return Probe(name, None)
    says = f"ended with {end!r}; it {'must' if prompt.must_block else 'must not'} be blocked"
    return Probe(name, says, is_error=is_error)


def failure(probes: Sequence[Probe]) -> str | None:
    """One sentence that names the failed probes, or None if no probe failed. A long sentence is cut."""
    wrong = [f"{probe.name} {probe.says}" for probe in probes if probe.says is not None]
    said = f"The guardrail does not hold: {'. '.join(wrong)}."
    if len(said) > _MAX_FAILURE_CHARACTERS:
        said = f"{said[:_MAX_FAILURE_CHARACTERS]} … The function's log has the others."
    return said if wrong else None


def is_passing(status: int) -> bool:
    """Whether an error of this HTTP status may pass by itself."""
    return status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def end_of_document(text: str) -> str:
    """The finish_reason of a completion, or `error …`."""
    return _read(_finish_reason, text)


def end_of_stream(text: str) -> str:
    """The last finish_reason of a stream's events, or `error …`."""
    return _read(_last_finish_reason, text)


def end_of_job(line: str) -> str:
    """The finish_reason in a result line, or `error …`."""
    return _read(_finish_reason_of_job, line)


def no_end(reason: str) -> str:
    """The end of an attempt without a finish_reason."""
    return f"{_ERROR}: {reason}"


def _read(read: Callable[[str], str], text: str) -> str:
    try:
        return read(text)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return no_end("an answer that is not a completion")


def _finish_reason(text: str) -> str:
    return _reason_in(json.loads(text))


def _reason_in(document: Any) -> str:
    if document.get("error") is not None:
        error = document["error"]
        return f"{_ERROR} {error.get('code') or error['type']}"[:_SHOWN]
    return str(document["choices"][0]["finish_reason"])[:_SHOWN]


def _last_finish_reason(text: str) -> str:
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {")]
    events = [json.loads(line) for line in lines]
    failed = next((event for event in events if event.get("error") is not None), None)
    if failed is not None:
        return _reason_in(failed)
    ends = [choice["finish_reason"] for event in events for choice in event.get("choices", [])]
    return next((str(end)[:_SHOWN] for end in reversed(ends) if end), no_end("a stream without an end"))


def _finish_reason_of_job(line: str) -> str:
    result = json.loads(line)
    return _reason_in(result if result["response"] is None else result["response"]["body"])
