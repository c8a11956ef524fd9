"""Translates a chat completion request into Converse's.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. Every field is translated, ignored
because it is only a hint, or refused; `parameters.py` says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from chat_gateway.converse import (
    cache_points,
    families,
    inference,
    messages,
    output_format,
    parameters,
    reasoning,
    tool_choice,
    tools,
)
from chat_gateway.converse.messages import Prompt
from chat_gateway.converse.parameters import Scope
from chat_gateway.converse.reasoning import Plan
from chat_gateway.converse.tool_names import ToolNames
from chat_gateway.converse.tools import ToolConfig

# OpenAI's service tiers that Bedrock has: https://docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html
_TIERS, _DEFAULT_TIERS = ("priority", "flex"), ("auto", "default")


class ConverseRequest(NamedTuple):
    """A request to Converse or ConverseStream.

    `body`: Converse's, without `guardrailConfig`. It shares objects with the caller's document; do not change them.
    `tool_names`: Converse's name to the caller's, for names that were changed. `is_replayed`: the caller asked for a
    stream, but the family cannot stream this; call Converse and replay its answer.
    """

    body: dict[str, Any]
    tool_names: dict[str, str]
    is_replayed: bool


def translated(document: Mapping[str, Any], *, model: str, family_of: str | None = None) -> ConverseRequest:
    """Converse's request for a chat completion request whose `messages` are a list and not empty.

    `model`: an id or ARN. `family_of`: the id of a model of the same family, for an ARN that hides it. Raises
    InvalidRequestError, and never changes `document`.
    """
    parameters.check(document, Scope.REQUEST)
    family, names = families.of(model, family_of), ToolNames()
    choice = tool_choice.of(document)
    offered = tools.offered(document, family, names)
    prompt = messages.prompt(document["messages"], family, names)
    tool_config = tools.config(offered, choice, prompt.called, family, names)
    limits = inference.config(document, family)
    plan = reasoning.plan(
        document,
        family,
        limits["maxTokens"],
        ends_with_results=prompt.ends_with_results,
        is_forced=choice.mode in (tool_choice.ANY, tool_choice.TOOL),
    )
    if plan.is_unlimited:
        del limits["maxTokens"]
    model_fields = inference.model_fields(document, family) | tool_config.model_fields | plan.model_fields
    body = _body(prompt, limits, tool_config, plan, model_fields)
    body |= _output_config(output_format.of(document, family), plan)
    body |= _service_tier(document.get("service_tier"))
    _keep_last_cache_points(body)
    is_replayed = document.get("stream") is True and "toolConfig" in body and not family.streams_tools
    return ConverseRequest(body, names.changed(), is_replayed)


def _body(
    prompt: Prompt,
    limits: dict[str, Any],
    tool_config: ToolConfig,
    plan: Plan,
    model_fields: dict[str, Any],
) -> dict[str, Any]:
    """The body without the fields that would be empty, which Bedrock refuses."""
    fields = {
        "messages": prompt.messages,
        "system": prompt.system,
        "inferenceConfig": limits,
        "toolConfig": tool_config.config,
        "additionalModelRequestFields": model_fields,
        "additionalModelResponseFieldPaths": list(plan.response_paths),
    }
    return {name: value for name, value in fields.items() if value}


def _output_config(text_format: dict[str, Any] | None, plan: Plan) -> dict[str, Any]:
    fields = {"textFormat": text_format, "effort": plan.effort}
    config = {name: value for name, value in fields.items() if value is not None}
    return {"outputConfig": config} if config else {}


def _service_tier(tier: object) -> dict[str, Any]:
    if tier is None or tier in _DEFAULT_TIERS:
        return {}
    if tier not in _TIERS:
        raise parameters.unsupported("service_tier", "Use auto, default, priority or flex.")
    return {"serviceTier": {"type": tier}}


def _keep_last_cache_points(body: dict[str, Any]) -> None:
    """The lists of blocks in the prompt's order: https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html."""
    of_tools = body["toolConfig"]["tools"] if "toolConfig" in body else []
    turns = (message["content"] for message in body["messages"])
    cache_points.keep_last([of_tools, body.get("system", []), *turns])
