"""Reads and checks the caller's chat completion request."""

from __future__ import annotations

from typing import Any, NamedTuple

from chat_gateway.completions import defaults
from chat_gateway.core import strict_json
from chat_gateway.core.errors import InvalidRequestError

# Advice for a client that uses the Responses API.
_RESPONSES_ADVICE = (
    " The request has 'input', which belongs to the Responses API: set your client to chat completions"
    " (docs/using-other-clients.md)."
)
# Bedrock's own path, and the path that most OpenAI clients expect.
PATHS = ("/openai/v1/chat/completions", "/v1/chat/completions")
# Of Azure's clients, if the environment takes it: https://learn.microsoft.com/azure/ai-foundry/openai/reference
DEPLOYMENT_PATH = "/openai/deployments/{model}/chat/completions"


class ChatRequest(NamedTuple):
    """A request that passed our checks. Bedrock gets the checked document, not the original bytes.

    `asks_for_usage`: the caller asked for the stream's usage chunk.
    """

    model: str
    document: dict[str, Any]
    streams: bool = False
    asks_for_usage: bool = False


def parse(raw: bytes, *, deployment: str | None = None) -> ChatRequest:
    """The request in an HTTP body, for the model of the path's `deployment` if it has one. Raises InvalidRequestError."""
    document = strict_json.loads_object(raw.removeprefix(strict_json.BYTE_ORDER_MARK))
    if deployment is not None:
        _set_model(document, deployment)
    return from_document(document)


def from_document(document: dict[str, Any]) -> ChatRequest:
    """The request in a parsed JSON object. Unknown fields are kept. Raises InvalidRequestError."""
    model = _checked_model(document)
    _check_messages(document)
    _leave_out_reasoning(document)
    streams = _checked_stream(document)
    asks_for_usage = streams and _include_usage(document) is True
    return ChatRequest(
        model=model,
        document=defaults.without_defaults(document),
        streams=streams,
        asks_for_usage=asks_for_usage,
    )


def _set_model(document: dict[str, Any], deployment: str) -> None:
    """Azure's path names the model. The body may repeat the name."""
    if document.get("model") is None:
        document["model"] = deployment
    if document["model"] != deployment:
        raise InvalidRequestError(
            "'model' differs from the model in the path. Leave it out, or write the path's.",
            param="model",
            code="invalid_value",
        )


def _checked_model(document: dict[str, Any]) -> str:
    model = document.get("model")
    if model is None:
        raise InvalidRequestError(
            "You must provide a model parameter.", param="model", code="missing_required_parameter"
        )
    if not isinstance(model, str) or not model:
        raise InvalidRequestError("'model' must be a non-empty string.", param="model", code="invalid_type")
    return model


def _check_messages(document: dict[str, Any]) -> None:
    if "messages" not in document:
        advice = _RESPONSES_ADVICE if "input" in document else ""
        raise InvalidRequestError(
            f"Missing required parameter: 'messages'.{advice}",
            param="messages",
            code="missing_required_parameter",
        )
    messages = document["messages"]
    if not isinstance(messages, list):
        raise InvalidRequestError("'messages' must be a list.", param="messages", code="invalid_type")
    if not messages:
        raise InvalidRequestError("'messages' must not be empty.", param="messages", code="empty_array")


def _leave_out_reasoning(document: dict[str, Any]) -> None:
    """Removes `reasoning_content`, which callers may repeat: Bedrock's messages have no such field."""
    document["messages"] = [
        {key: value for key, value in message.items() if key != "reasoning_content"}
        if isinstance(message, dict) and "reasoning_content" in message
        else message
        for message in document["messages"]
    ]


def _checked_stream(document: dict[str, Any]) -> bool:
    stream = document.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise InvalidRequestError("'stream' must be a boolean.", param="stream", code="invalid_type")
    return stream is True


def _include_usage(document: dict[str, Any]) -> object:
    """The caller's `include_usage`, None if absent."""
    options = document.get("stream_options")
    return options.get("include_usage") if isinstance(options, dict) else None
