"""Turns a generator's completion, in OpenAI's form, into Converse's content blocks and stop reason, without I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from local.bedrock_standin.converse_answers.answer import MODEL_STOPS
from local.bedrock_standin.converse_answers.relay import tool_use_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.bedrock_standin.generators.completion import Completion

JsonObject = dict[str, Any]


class Completed(NamedTuple):
    """The content of a completion."""

    blocks: list[JsonObject]
    stop_reason: str


def completed(completion: Completion) -> Completed:
    """The first choice's text, then its tool calls. A call whose arguments are no JSON object is left out."""
    choice = completion.choices[0]
    text, calls = choice["message"].get("content"), choice["message"].get("tool_calls") or []
    uses = list(_uses(calls))
    stop_reason = MODEL_STOPS.get(choice["finish_reason"], "end_turn")
    if len(uses) < len(calls) and stop_reason != "max_tokens":
        stop_reason = "malformed_tool_use"
    return Completed(([{"text": text}] if text else []) + uses, stop_reason)


def _uses(calls: list[JsonObject]) -> Iterator[JsonObject]:
    for call in calls:
        function = call["function"]
        arguments = _object(function.get("arguments") or "{}")
        if arguments is not None:
            use = {"toolUseId": tool_use_id(), "name": function["name"], "input": arguments}
            yield {"toolUse": use}


def _object(text: str) -> JsonObject | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
