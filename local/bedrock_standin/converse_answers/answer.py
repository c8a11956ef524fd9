"""The model's answer as Converse gives it, without I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]

MODEL_STOPS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer. `blocks` are the content blocks of its message; `extra` has the other top-level keys."""

    blocks: list[JsonObject]
    stop_reason: str
    usage: JsonObject
    latency_ms: int
    model_fields: JsonObject | None = None  # additionalModelResponseFields
    trace: JsonObject | None = None
    echoed: JsonObject = field(default_factory=dict)  # serviceTier and performanceConfig


def body_of(answer: Answer) -> JsonObject:
    """The body of Converse's answer."""
    message = {"role": "assistant", "content": answer.blocks}
    fields = answer.model_fields
    return {
        "output": {"message": message},
        "stopReason": answer.stop_reason,
        **({} if fields is None else {"additionalModelResponseFields": fields}),
        **metadata_of(answer),
    }


def metadata_of(answer: Answer) -> JsonObject:
    """The keys that a stream has in its last event."""
    trace = {} if answer.trace is None else {"trace": answer.trace}
    return {"usage": answer.usage, "metrics": {"latencyMs": answer.latency_ms}, **trace, **answer.echoed}
