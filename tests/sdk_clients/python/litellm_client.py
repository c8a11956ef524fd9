"""LiteLLM, as a library."""

from __future__ import annotations

import json
from typing import Any

import litellm
import pytest

from tests.sdk_clients.python import samples
from tests.sdk_clients.python.conftest import MODEL, NO_MODEL, Gateway


def ask(gateway: Gateway, *messages: Any, model: str = MODEL, **options: Any) -> Any:
    """As docs/using-other-clients.md says."""
    return litellm.completion(
        f"openai/{model}",
        messages=list(messages),
        api_base=gateway.base_url,
        api_key=gateway.api_key,
        max_retries=0,
        **options,
    )


def user(content: str) -> dict[str, str]:
    """A message of the user's."""
    return {"role": "user", "content": content}


def test_completion(gateway: Gateway) -> None:
    """LiteLLM reads the answer."""
    assert ask(gateway, user(samples.HELLO)).choices[0].message.content == samples.HEARD_HELLO


def test_stream(gateway: Gateway) -> None:
    """LiteLLM iterates a stream."""
    chunks = list(ask(gateway, user(samples.HELLO), stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == samples.HEARD_HELLO


def test_tool(gateway: Gateway) -> None:
    """The model calls a tool, and answers with what the tool said."""
    question, tools = user(samples.WEATHER_QUESTION), [samples.WEATHER_TOOL]
    message = ask(gateway, question, tools=tools).choices[0].message
    (call,) = message.tool_calls
    content = samples.get_weather(**json.loads(call.function.arguments))
    result = {"role": "tool", "tool_call_id": call.id, "content": content}
    answer = ask(gateway, question, message, result, tools=tools)
    assert answer.choices[0].message.content == samples.HEARD_WEATHER


def test_structured_output(gateway: Gateway) -> None:
    """A type as `response_format` gives its JSON."""
    answer = ask(gateway, user(samples.ABOUT_ALICE), response_format=samples.Person)
    assert samples.Person.model_validate_json(answer.choices[0].message.content) == samples.ALICE


def test_no_model(gateway: Gateway) -> None:
    """Bedrock's 404 for a model is LiteLLM's NotFoundError."""
    with pytest.raises(litellm.NotFoundError):
        ask(gateway, user(samples.HELLO), model=NO_MODEL)
