"""The events of a ConverseStream as they come from its parser, and answers of Converse."""

from __future__ import annotations

import json
from typing import Any

from chat_gateway.converse.event_stream import Event

USAGE = {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8}
# What Bedrock pads its events with.
PADDING = {"p": "abcdefgh"}
BLOCKED_WORDS = "Sorry, this cannot be answered."


def event(kind: str, **payload: Any) -> Event:
    return Event("event", kind, json.dumps({**payload, **PADDING}).encode())


def exception(kind: str, message: object = "no", **fields: Any) -> Event:
    return Event("exception", kind, json.dumps({"message": message, **fields}).encode())


def block_delta(block: int, **delta: Any) -> Event:
    return event("contentBlockDelta", contentBlockIndex=block, delta=delta)


def words(text: str, block: int = 0) -> Event:
    return block_delta(block, text=text)


def thought(text: str, block: int = 0) -> Event:
    return block_delta(block, reasoningContent={"text": text})


def call(block: int, id_: str, name: str = "weather") -> Event:
    return event(
        "contentBlockStart", contentBlockIndex=block, start={"toolUse": {"toolUseId": id_, "name": name}}
    )


def arguments(block: int, piece: str) -> Event:
    return block_delta(block, toolUse={"input": piece})


def block_stop(block: int = 0) -> Event:
    return event("contentBlockStop", contentBlockIndex=block)


def stop(reason: str = "end_turn", **fields: Any) -> Event:
    return event("messageStop", stopReason=reason, **fields)


def metadata(**fields: Any) -> Event:
    return event("metadata", **{"usage": USAGE, "metrics": {"latencyMs": 7}, **fields})


START, STOP, METADATA = event("messageStart", role="assistant"), stop(), metadata()


def answer(*blocks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": list(blocks)}
    return {"output": {"message": message}, "stopReason": "end_turn", "usage": USAGE, **fields}


def tool_use(id_: str = "a", name: str = "weather", **fields: Any) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": id_, "name": name, "input": {"city": "Oslo"}, **fields}}


def pii_trace(action: str) -> dict[str, Any]:
    """A trace with one finding in the output; `NONE` is a finding without a consequence."""
    entity = {"match": "SECRET", "type": "EMAIL", "action": action, "detected": True}
    regex = {"name": "order", "match": "SECRET", "regex": "SEC.*", "action": "NONE"}
    policy = {"piiEntities": [entity], "regexes": [regex]}
    found = {"sensitiveInformationPolicy": policy, "invocationMetrics": {"usage": {"topicPolicyUnits": 1}}}
    return {
        "guardrail": {
            "inputAssessment": {"gr": {"wordPolicy": {"customWords": []}}},
            "outputAssessments": {"gr": [found]},
            "modelOutput": ["SECRET"],
            "actionReason": "Guardrail masked.",
        }
    }
