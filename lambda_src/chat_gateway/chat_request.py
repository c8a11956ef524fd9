"""The caller's chat completion request: what we check, and the bytes that go up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chat_gateway import strict_json
from chat_gateway.errors import InvalidRequestError

# Bedrock's own path, and what most OpenAI clients expect.
PATHS = ("/openai/v1/chat/completions", "/v1/chat/completions")


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request that passed our checks: what was checked is what is sent.

    `hides_usage` says that we asked for the stream's usage chunk and the caller did not.
    """

    model: str
    document: dict[str, Any]
    streams: bool = False
    hides_usage: bool = False


def parse(raw: bytes, *, ask_for_usage: bool = False) -> ChatRequest:
    """The request in an HTTP body. Raises InvalidRequestError."""
    return from_document(strict_json.loads_object(raw), ask_for_usage=ask_for_usage)


def from_document(document: dict[str, Any], *, ask_for_usage: bool = False) -> ChatRequest:
    """The request in a parsed JSON object; fields we do not know are kept. Raises InvalidRequestError.

    `ask_for_usage` adds `stream_options.include_usage` to a request that streams.
    """
    model = _checked_model(document)
    _check_messages(document)
    streams = _checked_stream(document)
    hides_usage = ask_for_usage and streams and _add_usage(document)
    return ChatRequest(
        model=model,
        document=document,
        streams=streams,
        hides_usage=hides_usage,
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
        raise InvalidRequestError(
            "Missing required parameter: 'messages'.", param="messages", code="missing_required_parameter"
        )
    messages = document["messages"]
    if not isinstance(messages, list):
        raise InvalidRequestError("'messages' must be a list.", param="messages", code="invalid_type")
    if not messages:
        raise InvalidRequestError("'messages' must not be empty.", param="messages", code="empty_array")


def _checked_stream(document: dict[str, Any]) -> bool:
    stream = document.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise InvalidRequestError("'stream' must be a boolean.", param="stream", code="invalid_type")
    return stream is True


def _add_usage(document: dict[str, Any]) -> bool:
    """Whether the usage chunk had to be asked for. Options that are no object are left to Bedrock's judgement."""
    options = document.get("stream_options")
    if options is None:
        options = {}
    if not isinstance(options, dict) or options.get("include_usage"):
        return False
    document["stream_options"] = {**options, "include_usage": True}
    return True
