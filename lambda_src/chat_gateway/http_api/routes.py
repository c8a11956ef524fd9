"""Tells a client that requests an unknown path or method what to request instead."""

from __future__ import annotations

from chat_gateway.completions import request as chat_request
from chat_gateway.core import foreign_text
from chat_gateway.core.errors import GatewayError, MethodNotAllowedError, UnknownPathError

_DOCS = "see docs/using-other-clients.md"
# Advice by the last part of the path.
_ADVICE = {
    "responses": f"Use chat completions in place of the Responses API: {_DOCS}.",
    "completions": f"Use client.chat.completions.create in place of legacy completions: {_DOCS}.",
    "embeddings": "This gateway has no embeddings.",
    "moderations": "This gateway has no moderations; its guardrail checks every request.",
    "messages": f"Use chat completions in place of the Messages API: {_DOCS}.",
}
_CHAT, _MODELS = "chat/completions", "models"


def refusal(
    method: str, route: str, path: str, *, base_url: str, resource: str | None = None
) -> GatewayError:
    """The error for a request that is not a chat completion. It names the request and the path to use.

    `route` is API Gateway's, `path` the requested path, `base_url` the base URL for clients. `resource` is the path of another
    of the API's resources that the request means, if API Gateway did not know it as one.
    """
    if route in chat_request.PATHS:
        return MethodNotAllowedError(f"{said(method, path)} is not allowed. {_there_is(base_url)}")
    if resource is not None and foreign_text.path(resource) is not None:
        advice = f"Write the path without doubled or final slashes: {base_url}{resource}."
        return UnknownPathError(f"There is no {said(method, path)}. {advice}")
    return UnknownPathError(f"There is no {said(method, path)}. {_advice(path, base_url)}")


def described(method: str, path: str) -> dict[str, str | None]:
    """Method and path for the log. Each is None if it is too long, not printable, or looks like a key."""
    return {"method": foreign_text.name(method), "path": foreign_text.path(path)}


def said(method: str, path: str) -> str:
    """Method and path for a message to the caller."""
    return f"{foreign_text.name(method) or 'such method'} {foreign_text.path(path) or 'with this path'}"


def _advice(path: str, base_url: str) -> str:
    parts = path.rstrip("/").lower()
    if parts.endswith(_CHAT) or "/deployments/" in parts:
        return f"Set your client's base URL to {base_url}."
    if parts.rpartition("/")[2] == _MODELS:
        return f"The list of models is GET {base_url}/{_MODELS}."
    advice = _ADVICE.get(parts.rpartition("/")[2])
    return f"{advice} {_there_is(base_url)}" if advice else _there_is(base_url)


def _there_is(base_url: str) -> str:
    return f"Use POST {base_url}/{_CHAT}."
