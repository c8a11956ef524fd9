"""A generator's completion, with the keys of Bedrock's completions, without I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonObject = dict[str, Any]

_MESSAGE_KEYS = ("content", "role", "tool_calls")
_INSIDE_TAG = re.compile(r"(?<=<reas)(?=oning>)|(?<=</)(?=reasoning>)|(?<=</reason)(?=ing>)")


@dataclass(frozen=True, slots=True)
class Completion:
    """A generator's result: OpenAI's `choices` and `usage`."""

    choices: list[JsonObject]
    usage: JsonObject


def choice_of(generated: JsonObject) -> JsonObject:
    """A generator's choice with the keys of Bedrock's choices."""
    message = generated.get("message") or {}
    kept = {key: message[key] for key in _MESSAGE_KEYS if message.get(key) is not None}
    choice: JsonObject = {
        "finish_reason": generated.get("finish_reason"),
        "index": generated.get("index", 0),
        "message": {"content": None, "role": "assistant"} | kept,
    }
    return choice | ({"logprobs": generated["logprobs"]} if generated.get("logprobs") else {})


def usage_of(generated: JsonObject) -> JsonObject:
    """A generator's usage with the keys of Bedrock's usage."""
    prompt, completion = generated.get("prompt_tokens", 0), generated.get("completion_tokens", 0)
    return {"completion_tokens": completion, "prompt_tokens": prompt, "total_tokens": prompt + completion}


def chunk_choice_of(generated: JsonObject) -> JsonObject:
    """A generator's stream choice with the keys of Bedrock's stream choices."""
    delta = generated.get("delta") or {}
    return {
        "delta": {key: delta[key] for key in _MESSAGE_KEYS if delta.get(key) is not None},
        "finish_reason": generated.get("finish_reason"),
        "index": generated.get("index", 0),
    }


def pieces_of(text: str) -> list[str]:
    """The text in pieces of a word each. A reasoning tag is split into several pieces. Together they are the text."""
    words: list[str] = re.findall(r"\s*\S+|\s+", text)
    return [piece for word in words for piece in _INSIDE_TAG.split(word)]


def events_of(choice: JsonObject) -> Iterator[JsonObject]:
    """A whole choice as stream choices, in OpenAI's order: role, reasoning, content, tool calls, finish_reason."""
    index, message = choice["index"], choice["message"]
    calls = message.get("tool_calls") or ()
    role = {"role": "assistant"} if calls else {"role": "assistant", "content": ""}
    yield {"index": index, "delta": role}
    for piece in pieces_of(message.get("reasoning_content") or ""):
        yield {"index": index, "delta": {"reasoning_content": piece}}
    for piece in pieces_of(message.get("content") or ""):
        yield {"index": index, "delta": {"content": piece}}
    for number, call in enumerate(calls):
        for part in _call_parts(call):
            yield {"index": index, "delta": {"tool_calls": [{"index": number, **part}]}}
    yield {"index": index, "delta": {}, "finish_reason": choice["finish_reason"]}


def _call_parts(call: JsonObject) -> Iterator[JsonObject]:
    function = call.get("function") or {}
    yield call | {"function": function | {"arguments": ""}}
    for piece in pieces_of(function.get("arguments") or ""):
        yield {"function": {"arguments": piece}}
