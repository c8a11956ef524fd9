"""Turns Converse's answer into a chat completion in the form of Bedrock's native ones.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_ResponseSyntax
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chat_gateway.converse import finish_reasons, guardrail_keys, usage
from chat_gateway.core.errors import UpstreamProtocolError

# Others, such as `reserved`, have no counterpart.
_SERVICE_TIERS = ("default", "flex", "priority")


def completion(
    answer: object,
    *,
    model: str,
    tool_names: Mapping[str, str],
    id_: str,
    created: int,
    bedrock_request_id: str | None = None,
) -> dict[str, Any]:
    """The chat completion for Converse's parsed `answer`, with the guardrail's keys of a native one.

    `model` is the caller's name for it, `tool_names` the caller's names of tools by Converse's, where they differ, and
    `created` a time in seconds since the epoch. Raises UpstreamProtocolError if the answer has no message, or nothing but
    a malformed one.
    """
    try:
        return _completion(
            answer if isinstance(answer, dict) else {},
            {"id": id_, "object": "chat.completion", "created": created, "model": model},
            tool_names,
        )
    except UpstreamProtocolError as error:
        error.bedrock_request_id = bedrock_request_id
        raise


def service_tier(document: Mapping[str, Any]) -> dict[str, str]:
    """The field `service_tier` for the `serviceTier` of an answer or event; empty if OpenAI has no name for the tier."""
    tier = document.get("serviceTier")
    type_ = tier.get("type") if isinstance(tier, dict) else None
    return {"service_tier": type_} if isinstance(type_, str) and type_ in _SERVICE_TIERS else {}


def _completion(
    answer: Mapping[str, Any], head: dict[str, Any], tool_names: Mapping[str, str]
) -> dict[str, Any]:
    reason = answer.get("stopReason")
    guardrail = guardrail_keys.read(answer.get("trace"), reason)
    message = _message(_blocks(answer), tool_names, is_block=guardrail.is_block)
    has_calls = "tool_calls" in message
    if finish_reasons.is_unusable(reason, has_words=bool(message["content"]), has_calls=has_calls):
        raise UpstreamProtocolError("The model's answer is malformed.")
    finish = finish_reasons.of(reason, is_block=guardrail.is_block, has_calls=has_calls)
    counts = usage.of(answer.get("usage"), answer.get("additionalModelResponseFields"))
    return {
        **head,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        **({} if counts is None else {"usage": counts}),
        **service_tier(answer),
        **guardrail.keys,
    }


def _blocks(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The message's content blocks. For a wrong path, Bedrock answers HTTP 200 without a message."""
    output = answer.get("output")
    message = output.get("message") if isinstance(output, dict) else None
    blocks = message.get("content") if isinstance(message, dict) else None
    if not isinstance(blocks, list):
        raise UpstreamProtocolError("Bedrock's answer contains no message.")
    return [block for block in blocks if isinstance(block, dict)]


def _message(
    blocks: list[dict[str, Any]], tool_names: Mapping[str, str], *, is_block: bool
) -> dict[str, Any]:
    """The message. Blocks of unknown kinds are left out, and of a guardrail's block all but its text."""
    texts = [text for block in blocks for text in _texts(block)]
    message: dict[str, Any] = {"role": "assistant", "content": "".join(texts) if texts else None}
    message["refusal"] = None
    if is_block:
        return message
    if thoughts := "".join(_thought(block) for block in blocks):
        message["reasoning_content"] = thoughts
    uses = [block["toolUse"] for block in blocks if isinstance(block.get("toolUse"), dict)]
    if uses:
        message["tool_calls"] = [_tool_call(use, tool_names) for use in uses]
    return message


def _texts(block: dict[str, Any]) -> list[str]:
    """The block's text, or its texts with citations."""
    cited = block.get("citationsContent")
    parts = cited.get("content") if isinstance(cited, dict) else None
    said = (
        [block, *(part for part in parts if isinstance(part, dict))] if isinstance(parts, list) else [block]
    )
    return [part["text"] for part in said if isinstance(part.get("text"), str)]


def _thought(block: dict[str, Any]) -> str:
    reasoning = block.get("reasoningContent")
    written = reasoning.get("reasoningText") if isinstance(reasoning, dict) else None
    text = written.get("text") if isinstance(written, dict) else None
    return text if isinstance(text, str) else ""


def _tool_call(use: dict[str, Any], tool_names: Mapping[str, str]) -> dict[str, Any]:
    id_, name, input_ = use.get("toolUseId"), use.get("name"), use.get("input")
    if not (isinstance(id_, str) and id_ and isinstance(name, str) and name):
        raise UpstreamProtocolError("Bedrock's answer contains a tool call without an id or a name.")
    arguments = json.dumps({} if input_ is None else input_, ensure_ascii=False, separators=(",", ":"))
    return {
        "id": id_,
        "type": "function",
        "function": {"name": tool_names.get(name, name), "arguments": arguments},
    }
