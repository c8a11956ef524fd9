"""What there is at which path, and what to say to a client that asks for something else."""

from __future__ import annotations

from chat_gateway.completions import request as chat_request
from chat_gateway.core import foreign_text
from chat_gateway.core.errors import GatewayError, MethodNotAllowedError, UnknownPathError

_DOCS = "docs/using-other-clients.md says how for each client"
# By the last part of the path, what a client has to be told.
_ADVICE = {
    "responses": f"Use chat completions in place of the Responses API: {_DOCS}.",
    "completions": f"Use chat completions, client.chat.completions.create, in place of legacy completions: {_DOCS}.",
    "embeddings": "This gateway has no embeddings.",
    "moderations": "This gateway has no moderations; its guardrail checks every request.",
    "messages": f"Use chat completions in place of the Messages API: {_DOCS}.",
}
_CHAT = "chat/completions"


def refusal(method: str, resource: str, path: str, *, base_url: str) -> GatewayError:
    """The error for what is no chat completion. It names what came and what there is.

    `resource` is API Gateway's name of the route, `path` what the caller asked for, `base_url` what clients should use.
    """
    if resource in chat_request.PATHS:
        return MethodNotAllowedError(f"{_said(method, path)} is not allowed. {_there_is(base_url)}")
    return UnknownPathError(f"There is no {_said(method, path)}. {_advice(path, base_url)}")


def described(method: str, path: str) -> dict[str, str | None]:
    """Method and path for the log, where they are printable and short; without what looks like a key."""
    return {"method": foreign_text.name(method), "path": foreign_text.path(path)}


def _said(method: str, path: str) -> str:
    return f"{foreign_text.name(method) or 'such method'} {foreign_text.path(path) or 'with this path'}"


def _advice(path: str, base_url: str) -> str:
    parts = path.rstrip("/").lower()
    if parts.endswith(_CHAT) or "/deployments/" in parts:
        return f"Set your client's base URL to {base_url}."
    advice = _ADVICE.get(parts.rpartition("/")[2])
    return f"{advice} {_there_is(base_url)}" if advice else _there_is(base_url)


def _there_is(base_url: str) -> str:
    return f"There is POST {base_url}/{_CHAT}."
