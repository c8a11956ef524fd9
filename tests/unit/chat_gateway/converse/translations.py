"""Requests for Converse, and shorthands for what they become."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from chat_gateway.converse import request
from chat_gateway.converse.request import ConverseRequest
from chat_gateway.core.errors import InvalidRequestError

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
CLAUDE_3 = "anthropic.claude-3-haiku-20240307-v1:0"
CLAUDE_5 = "global.anthropic.claude-opus-5"
NOVA = "amazon.nova-lite-v1:0"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
TITAN = "amazon.titan-text-express-v1"
MISTRAL_7B = "mistral.mistral-7b-instruct-v0:2"
HIDDEN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdef123456"
UNSUPPORTED = "unsupported_parameter"
Message = dict[str, Any]


def user(content: Any = "Hi") -> Message:
    return {"role": "user", "content": content}


def assistant(content: Any = None, **fields: Any) -> Message:
    return {"role": "assistant", "content": content, **fields}


def call(id_: str = "c1", name: str = "add", arguments: Any = '{"a":1}') -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def calls(*called: dict[str, Any], content: Any = None) -> Message:
    return assistant(content, tool_calls=list(called))


def result(id_: str = "c1", content: Any = "3") -> Message:
    return {"role": "tool", "tool_call_id": id_, "content": content}


def tool(name: str = "add", **function: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **function}}


def translated(messages: Any = None, *, model: str = CLAUDE, **fields: Any) -> ConverseRequest:
    """The translation of a request; the request itself must stay as it was."""
    document = {"model": model, "messages": [user()] if messages is None else messages, **fields}
    before = copy.deepcopy(document)
    try:
        return request.translated(document, model=model)
    finally:
        assert document == before


def body(messages: Any = None, **fields: Any) -> dict[str, Any]:
    """Converse's body of a request."""
    return translated(messages, **fields).body


def turns(messages: Any, **fields: Any) -> list[tuple[str, list[dict[str, Any]]]]:
    """The role and content of each turn."""
    return [(turn["role"], turn["content"]) for turn in body(messages, **fields)["messages"]]


def refusal(messages: Any = None, **fields: Any) -> InvalidRequestError:
    """The error of a request that is refused."""
    with pytest.raises(InvalidRequestError) as caught:
        translated(messages, **fields)
    return caught.value
