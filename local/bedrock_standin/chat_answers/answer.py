"""Bodies and chunks of successful answers, in the form recorded from bedrock-runtime, without I/O."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

from local.bedrock_standin.generators.completion import chunk_choice_of, events_of, usage_of

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A completion for the caller. `guardrail_fields` are the top-level amazon-bedrock keys."""

    id: str
    model: str
    choices: list[JsonObject]
    usage: JsonObject
    guardrail_fields: JsonObject = field(default_factory=dict)
    created: int = field(default_factory=lambda: int(time.time()))  # Unix seconds


def completion_id() -> str:
    """A new id, such as chatcmpl-edc562cd."""
    return f"chatcmpl-{secrets.token_hex(4)}"


def intervention(model: str, text: str, guardrail_fields: JsonObject) -> Answer:
    """The answer that replaces a blocked one: HTTP 200, as recorded. [?] finish_reason content_filter."""
    message = {"content": text, "role": "assistant"}
    return Answer(
        id=f"bedrock-guardrails-{secrets.token_hex(4)}",
        model=model,
        choices=[{"finish_reason": "content_filter", "index": 0, "message": message}],
        usage={"completion_tokens": 0, "prompt_tokens": 0, "total_tokens": 0},
        guardrail_fields=guardrail_fields,
    )


def body_of(answer: Answer) -> JsonObject:
    """The body of an answer that does not stream."""
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
    """A generator's chunk with the answer's id, model and time."""
    chunk: JsonObject = {
        "id": answer.id,
        "choices": [chunk_choice_of(choice) for choice in generated.get("choices") or ()],
        "created": answer.created,
        "model": answer.model,
        "service_tier": "standard",
        "object": "chat.completion.chunk",
    }
    return chunk | ({"usage": usage_of(generated["usage"])} if generated.get("usage") else {})


def chunks_of(answer: Answer, *, include_usage: bool) -> Iterator[JsonObject]:
    """A finished answer as stream chunks. The last chunk has the guardrail's keys."""
    generated = ({"choices": [event]} for choice in answer.choices for event in events_of(choice))
    usage: list[JsonObject] = [{"choices": [], "usage": answer.usage}] if include_usage else []
    chunks = (chunk_of(answer, event) for event in chain(generated, usage))
    for chunk, following in pairwise(chain(chunks, [None])):
        if chunk is not None:
            yield chunk if following else chunk | answer.guardrail_fields
