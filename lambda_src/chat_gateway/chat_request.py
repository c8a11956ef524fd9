"""The caller's chat completion request: what we check, and the bytes that go up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chat_gateway import strict_json
from chat_gateway.errors import InvalidRequestError


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request that passed our checks. `content` is `document` serialised: what was checked is what is sent."""

    model: str
    document: dict[str, Any]
    content: bytes


def parse(raw: bytes) -> ChatRequest:
    """The request in an HTTP body. Raises InvalidRequestError."""
    return from_document(strict_json.loads_object(raw))


def from_document(document: dict[str, Any]) -> ChatRequest:
    """The request in a parsed JSON object; fields we do not know are kept. Raises InvalidRequestError."""
    model = _checked_model(document)
    _check_messages(document)
    _check_stream(document)
    return ChatRequest(model=model, document=document, content=strict_json.dumps(document))


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


def _check_stream(document: dict[str, Any]) -> None:
    stream = document.get("stream")
    if stream is True:
        raise InvalidRequestError(
            "Streaming is not supported by this gateway yet; leave 'stream' out or set it to false.",
            param="stream",
            code="unsupported_value",
        )
    if stream is not None and stream is not False:
        raise InvalidRequestError("'stream' must be a boolean.", param="stream", code="invalid_type")
