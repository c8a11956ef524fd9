"""Bodies of successful answers, in the shape recorded from bedrock-runtime; pure."""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonObject = dict[str, Any]

DONE = b"data: [DONE]\n\n"
_MESSAGE_KEYS = ("content", "role", "tool_calls")
_INSIDE_TAG = re.compile(r"(?<=<reas)(?=oning>)|(?<=</)(?=reasoning>)|(?<=</reason)(?=ing>)")


@dataclass(frozen=True, slots=True)
class Completion:
    """What a generator made: OpenAI's `choices` and `usage`."""

    choices: list[JsonObject]
    usage: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A completion on its way to the caller; `guardrail_fields` are the top-level amazon-bedrock keys."""

    id: str
    model: str
    choices: list[JsonObject]
    usage: JsonObject
    guardrail_fields: JsonObject = field(default_factory=dict)
    created: int = field(default_factory=lambda: int(time.time()))  # Unix seconds


def completion_id() -> str:
    """A fresh id, such as chatcmpl-edc562cd."""
    return f"chatcmpl-{secrets.token_hex(4)}"


def intervention(model: str, text: str, guardrail_fields: JsonObject) -> Answer:
    """The answer in place of a blocked one: HTTP 200, as recorded. [?] finish_reason content_filter."""
    message = {"content": text, "role": "assistant"}
    return Answer(
        id=f"bedrock-guardrails-{secrets.token_hex(4)}",
        model=model,
        choices=[{"finish_reason": "content_filter", "index": 0, "message": message}],
        usage={"completion_tokens": 0, "prompt_tokens": 0, "total_tokens": 0},
        guardrail_fields=guardrail_fields,
    )


def choice_of(generated: JsonObject) -> JsonObject:
    """A generator's choice with the keys that Bedrock's have."""
    message = generated.get("message") or {}
    kept = {key: message[key] for key in _MESSAGE_KEYS if message.get(key) is not None}
    choice: JsonObject = {
        "finish_reason": generated.get("finish_reason"),
        "index": generated.get("index", 0),
        "message": {"content": None, "role": "assistant"} | kept,
    }
    return choice | ({"logprobs": generated["logprobs"]} if generated.get("logprobs") else {})


def usage_of(generated: JsonObject) -> JsonObject:
    """A generator's usage with the keys that Bedrock's has."""
    prompt, completion = generated.get("prompt_tokens", 0), generated.get("completion_tokens", 0)
    return {"completion_tokens": completion, "prompt_tokens": prompt, "total_tokens": prompt + completion}


def body_of(answer: Answer) -> JsonObject:
    """The non-streamed body."""
    return {
        "id": answer.id,
        "choices": answer.choices,
        "created": answer.created,
        "model": answer.model,
        "service_tier": "standard",
        "object": "chat.completion",
        "usage": answer.usage,
        **answer.guardrail_fields,
    }


def chunk_of(answer: Answer, generated: JsonObject) -> JsonObject:
    """A generator's chunk under the answer's id, model and time."""
    chunk: JsonObject = {
        "id": answer.id,
        "choices": [_chunk_choice(choice) for choice in generated.get("choices") or ()],
        "created": answer.created,
        "model": answer.model,
        "service_tier": "standard",
        "object": "chat.completion.chunk",
    }
    return chunk | ({"usage": usage_of(generated["usage"])} if generated.get("usage") else {})


def chunks_of(answer: Answer, *, include_usage: bool) -> Iterator[JsonObject]:
    """A finished answer as stream chunks; the guardrail's keys ride the last one."""
    generated = ({"choices": [event]} for choice in answer.choices for event in events_of(choice))
    usage: list[JsonObject] = [{"choices": [], "usage": answer.usage}] if include_usage else []
    chunks = (chunk_of(answer, event) for event in chain(generated, usage))
    for chunk, following in pairwise(chain(chunks, [None])):
        if chunk is not None:
            yield chunk if following else chunk | answer.guardrail_fields


def encoded(body: JsonObject) -> bytes:
    """JSON bytes with non-ASCII text as it is."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def sse(chunk: JsonObject) -> bytes:
    """A chunk as one server-sent event."""
    return b"data: " + encoded(chunk) + b"\n\n"


def pieces_of(text: str) -> list[str]:
    """The text in word-sized pieces, with a reasoning tag in two or more of them; joined, they are the text."""
    words: list[str] = re.findall(r"\s*\S+|\s+", text)
    return [piece for word in words for piece in _INSIDE_TAG.split(word)]


def events_of(choice: JsonObject) -> Iterator[JsonObject]:
    """A whole choice as the stream's choices, in OpenAI's order: role, content, tool calls, finish_reason."""
    index, message = choice["index"], choice["message"]
    calls = message.get("tool_calls") or ()
    role = {"role": "assistant"} if calls else {"role": "assistant", "content": ""}
    yield {"index": index, "delta": role}
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


def _chunk_choice(generated: JsonObject) -> JsonObject:
    delta = generated.get("delta") or {}
    return {
        "delta": {key: delta[key] for key in _MESSAGE_KEYS if delta.get(key) is not None},
        "finish_reason": generated.get("finish_reason"),
        "index": generated.get("index", 0),
    }
