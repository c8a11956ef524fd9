"""OpenAI's Python SDK: the newest, and version 1."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.sdk_clients.python import samples
from tests.sdk_clients.python.conftest import MODEL, NO_MODEL, Gateway


@pytest.fixture
def client(gateway: Gateway) -> Iterator[OpenAI]:
    with OpenAI(base_url=gateway.base_url, api_key=gateway.api_key, max_retries=0) as client:
        yield client


def asked(content: str, **options: Any) -> dict[str, Any]:
    """The arguments of a request."""
    return {"model": MODEL, "messages": [{"role": "user", "content": content}], **options}


def test_completion(client: OpenAI) -> None:
    """The SDK reads the answer, its usage and its request id."""
    completion = client.chat.completions.create(**asked(samples.HELLO))
    assert completion.choices[0].message.content == samples.HEARD_HELLO
    assert completion.usage
    assert completion._request_id


def test_stream(client: OpenAI) -> None:
    """The SDK iterates a stream up to its usage."""
    options = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(client.chat.completions.create(**asked(samples.HELLO, **options)))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == samples.HEARD_HELLO
    assert chunks[-1].usage


def test_async_stream(gateway: Gateway) -> None:
    """The asynchronous client iterates a stream too."""

    async def text() -> str:
        async with AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.api_key) as client:
            stream = await client.chat.completions.create(**asked(samples.HELLO, stream=True))
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert asyncio.run(text()) == samples.HEARD_HELLO


@pytest.mark.skipif(not hasattr(openai, "BedrockOpenAI"), reason="version 1 has no such client")
def test_bedrock_client(gateway: Gateway) -> None:
    """The SDK's client for Bedrock takes a base URL and a key."""
    with openai.BedrockOpenAI(base_url=gateway.base_url, api_key=gateway.api_key) as client:
        completion = client.chat.completions.create(**asked(samples.HELLO))
    assert completion.choices[0].message.content == samples.HEARD_HELLO


def test_tool(client: OpenAI) -> None:
    """The model calls a tool, and answers with what the tool said."""
    request = asked(samples.WEATHER_QUESTION, tools=[samples.WEATHER_TOOL])
    message = client.chat.completions.create(**request).choices[0].message
    (call,) = message.tool_calls
    result = samples.get_weather(**json.loads(call.function.arguments))
    request["messages"] += [message, {"role": "tool", "tool_call_id": call.id, "content": result}]
    assert client.chat.completions.create(**request).choices[0].message.content == samples.HEARD_WEATHER


def test_parsed(client: OpenAI) -> None:
    """`parse` gives an object of the caller's type."""
    completion = client.chat.completions.parse(**asked(samples.ABOUT_ALICE, response_format=samples.Person))
    assert completion.choices[0].message.parsed == samples.ALICE


def test_parse_blocked(client: OpenAI) -> None:
    """`parse` reports that a content filter (the guardrail) ended the answer."""
    with pytest.raises(openai.ContentFilterFinishReasonError):
        client.chat.completions.parse(**asked(samples.BLOCKED, response_format=samples.Person))


def test_parsed_stream(client: OpenAI) -> None:
    """The stream helper joins an answer and gives its object."""
    with client.chat.completions.stream(
        **asked(samples.ABOUT_ALICE, response_format=samples.Person)
    ) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == samples.ALICE


def test_no_model(client: OpenAI) -> None:
    """Bedrock's 404 for a model is NotFoundError."""
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(**(asked(samples.HELLO) | {"model": NO_MODEL}))
    assert caught.value.code == "model_not_found"
    assert caught.value.request_id


def test_wrong_key(client: OpenAI) -> None:
    """A wrong key is AuthenticationError."""
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").chat.completions.create(**asked(samples.HELLO))


def test_refused_parameter(client: OpenAI) -> None:
    """A parameter that Bedrock refuses is BadRequestError, and a default value is not refused."""
    assert client.chat.completions.create(**asked(samples.HELLO, n=1)).choices
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(**asked(samples.HELLO, n=2))


def test_responses(client: OpenAI) -> None:
    """A caller of the Responses API is told to use chat completions."""
    with pytest.raises(openai.NotFoundError, match="Use chat completions"):
        client.responses.create(model=MODEL, input=samples.HELLO)
