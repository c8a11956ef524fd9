"""Holds a request to its client's policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat_gateway.core.errors import ClientPolicyError, InvalidRequestError, ModelNotAllowedError

if TYPE_CHECKING:
    from chat_gateway.completions.request import ChatRequest
    from client_keys.policy import Policy

_LIMITS = ("max_completion_tokens", "max_tokens")


def limited(chat: ChatRequest, policy: Policy) -> ChatRequest:
    """The request as it may be sent: with the client's own output limit where the caller sets none.

    Raises ModelNotAllowedError, ClientPolicyError for a stream, and InvalidRequestError for an output limit.
    """
    if not policy.may_use(chat.model):
        raise ModelNotAllowedError("This client may not use the model that the request names.", param="model")
    if chat.streams and not policy.may_stream:
        raise ClientPolicyError(
            "This client may not stream: send the request without 'stream'.",
            param="stream",
            code="streaming_not_allowed",
        )
    if policy.max_completion_tokens is None:
        return chat
    return _with_output_limit(chat, policy.max_completion_tokens)


def _with_output_limit(chat: ChatRequest, allowed_tokens: int) -> ChatRequest:
    asked = {name: chat.document[name] for name in _LIMITS if chat.document.get(name) is not None}
    for name, tokens in asked.items():
        if type(tokens) is not int or tokens < 1:
            raise InvalidRequestError(
                f"'{name}' must be a positive integer.", param=name, code="invalid_type"
            )
        if tokens > allowed_tokens:
            raise InvalidRequestError(
                f"'{name}' is {tokens}; this client may ask for {allowed_tokens} tokens at most.",
                param=name,
                code="max_tokens_exceeded",
            )
    if asked:
        return chat
    document = {**chat.document, "max_completion_tokens": allowed_tokens}
    return chat._replace(document=document)
