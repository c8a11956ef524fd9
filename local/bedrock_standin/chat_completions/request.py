"""Reads and checks a chat completions request, without I/O.

A refusal is a 400. An unknown model is a 404. Some parameters of Grok are a 503 (see `quirks`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.bedrock_standin.chat_completions.families import check_model
from local.bedrock_standin.chat_completions.guardrail_headers import read_guardrail, read_tag_suffix
from local.bedrock_standin.chat_completions.messages import check_messages
from local.bedrock_standin.chat_completions.quirks import check_parameters
from local.bedrock_standin.generators.tools import check_tools
from local.bedrock_standin.refusals import validation_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.bedrock_standin.guardrail.evaluation import GuardrailRef

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A valid request. `body` is the caller's JSON; `guardrail` is None without guardrail headers."""

    body: JsonObject
    model: str
    stream: bool
    include_usage: bool
    guardrail: GuardrailRef | None
    tag_suffix: str | None


def read_request(body: JsonObject, headers: Mapping[str, str]) -> ChatRequest:
    """Checks the body and the guardrail headers (lowercase names). Raises RefusalError."""
    check_messages(body.get("messages"))
    model = _checked_model(body)
    stream = _checked_flag(body, "stream")
    include_usage = _checked_include_usage(body, stream=stream)
    _check_token_limits(body)
    guardrail = read_guardrail(headers)
    tag_suffix = read_tag_suffix(body, guardrail)
    check_model(model)
    check_tools(body)
    check_parameters(body)
    return ChatRequest(
        body=body,
        model=model,
        stream=stream,
        include_usage=include_usage,
        guardrail=guardrail,
        tag_suffix=tag_suffix,
    )


def _checked_model(body: JsonObject) -> str:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise validation_error("'model' must be a non-empty string.", "model")
    return model


def _checked_flag(body: JsonObject, name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise validation_error(f"'{name}' must be a boolean.", name)
    return value is True


def _checked_include_usage(body: JsonObject, *, stream: bool) -> bool:
    options = body.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, dict) or not stream:
        raise validation_error("'stream_options' must be an object, and needs 'stream'.", "stream_options")
    return _checked_flag(options, "include_usage")


def _check_token_limits(body: JsonObject) -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        value = body.get(name)
        if value is not None and (type(value) is not int or value < 1):
            raise validation_error(f"'{name}' must be a positive integer.", name)
