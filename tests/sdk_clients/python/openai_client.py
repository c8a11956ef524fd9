"""OpenAI's Python SDK, the newest and version 1, with a model of each route."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.sdk_clients.python import samples
from tests.sdk_clients.python.conftest import CONVERSE_MODEL, MODEL, NO_CONVERSE_MODEL, NO_MODEL, Gateway

CREATE, STREAM = "create", "stream"


@pytest.fixture
def client(gateway: Gateway) -> Iterator[OpenAI]:
    with OpenAI(base_url=gateway.base_url, api_key=gateway.api_key, max_retries=0) as client:
        yield client


@pytest.fixture(params=[MODEL, CONVERSE_MODEL], ids=["native", "converse"])
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def asked(model: str, content: str, **options: Any) -> dict[str, Any]:
    """The arguments of a request."""
    return {"model": model, "messages": [{"role": "user", "content": content}], **options}


def answer(client: OpenAI, way: str, request: dict[str, Any]) -> Any:
    """The choice that answers a request, in one piece, or joined from a stream by the SDK."""
    if way == CREATE:
        return client.chat.completions.create(**request).choices[0]
    with client.chat.completions.stream(**request) as stream:
        stream.until_done()
        return stream.current_completion_snapshot.choices[0]


def test_completion(client: OpenAI, model: str) -> None:
    """The SDK reads the answer, its usage and its request id."""
    completion = client.chat.completions.create(**asked(model, samples.HELLO))
    assert completion.choices[0].message.content == samples.HEARD_HELLO
    assert completion.usage
    assert completion._request_id


def test_stream(client: OpenAI, model: str) -> None:
    """The SDK iterates a stream up to its usage."""
    options = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(client.chat.completions.create(**asked(model, samples.HELLO, **options)))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == samples.HEARD_HELLO
    assert chunks[-1].usage


def test_async_stream(gateway: Gateway, model: str) -> None:
    """The asynchronous client iterates a stream too."""

    async def text() -> str:
        async with AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.api_key) as client:
            stream = await client.chat.completions.create(**asked(model, samples.HELLO, stream=True))
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert asyncio.run(text()) == samples.HEARD_HELLO


@pytest.mark.skipif(not hasattr(openai, "BedrockOpenAI"), reason="version 1 has no such client")
def test_bedrock_client(gateway: Gateway, model: str) -> None:
    """The SDK's client for Bedrock takes a base URL and a key."""
    with openai.BedrockOpenAI(base_url=gateway.base_url, api_key=gateway.api_key) as client:
        completion = client.chat.completions.create(**asked(model, samples.HELLO))
    assert completion.choices[0].message.content == samples.HEARD_HELLO


@pytest.mark.parametrize("way", [CREATE, STREAM])
def test_tool(client: OpenAI, model: str, way: str) -> None:
    """The model calls a tool, and answers with what the tool said."""
    request = asked(model, samples.WEATHER_QUESTION, tools=[samples.WEATHER_TOOL])
    message = answer(client, way, request).message
    request["messages"] += [message, *results_of(message.tool_calls)]
    assert answer(client, way, request).message.content == samples.HEARD_WEATHER


@pytest.mark.parametrize("way", [CREATE, STREAM])
def test_parallel_tools(client: OpenAI, model: str, way: str) -> None:
    """Each of two calls in one answer keeps its result, whatever the order of the results."""
    request = asked(model, samples.CITIES_QUESTION, tools=[samples.WEATHER_TOOL])
    choice = answer(client, way, request)
    assert choice.finish_reason == "tool_calls"
    results = results_of(choice.message.tool_calls)
    request["messages"] += [choice.message, *reversed(results)]
    assert len(results) == len(samples.WEATHER)
    assert answer(client, way, request).message.content == samples.HEARD_CITIES


def results_of(calls: Any) -> list[dict[str, Any]]:
    """The tool's messages, one for each call."""
    return [
        {
            "role": "tool",
            "tool_call_id": call.id,
            "content": samples.get_weather(**json.loads(call.function.arguments)),
        }
        for call in calls
    ]


def test_one_tool_at_once(client: OpenAI, model: str) -> None:
    """A caller may limit the model to one call."""
    options = {"tools": [samples.WEATHER_TOOL], "parallel_tool_calls": False}
    choice = answer(client, CREATE, asked(model, samples.CITIES_QUESTION, **options))
    assert len(choice.message.tool_calls) == 1


@pytest.mark.parametrize("way", [CREATE, STREAM])
@pytest.mark.parametrize(
    ("options", "text", "finish_reason"),
    [({"stop": [" there"]}, "I heard: Hello", "stop"), ({"max_tokens": 2}, "I heard:", "length")],
    ids=["stop", "limit"],
)
def test_cut(
    client: OpenAI, model: str, way: str, options: dict[str, Any], text: str, finish_reason: str
) -> None:
    """The answer ends at the caller's stop sequence and limit, and says why."""
    choice = answer(client, way, asked(model, samples.HELLO, **options))
    assert (choice.message.content, choice.finish_reason) == (text, finish_reason)


@pytest.mark.parametrize("way", [CREATE, STREAM])
def test_blocked(client: OpenAI, model: str, way: str) -> None:
    """The guardrail's block is an answer that the content filter ended."""
    choice = answer(client, way, asked(model, samples.BLOCKED))
    assert choice.finish_reason == "content_filter"
    assert "blocked by the guardrail" in choice.message.content


def test_parsed(client: OpenAI, model: str) -> None:
    """`parse` gives an object of the caller's type."""
    completion = client.chat.completions.parse(
        **asked(model, samples.ABOUT_ALICE, response_format=samples.Person)
    )
    assert completion.choices[0].message.parsed == samples.ALICE


def test_parse_blocked(client: OpenAI, model: str) -> None:
    """`parse` reports that a content filter (the guardrail) ended the answer."""
    with pytest.raises(openai.ContentFilterFinishReasonError):
        client.chat.completions.parse(**asked(model, samples.BLOCKED, response_format=samples.Person))


def test_parsed_stream(client: OpenAI, model: str) -> None:
    """The stream helper joins an answer and gives its object."""
    with client.chat.completions.stream(
        **asked(model, samples.ABOUT_ALICE, response_format=samples.Person)
    ) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == samples.ALICE


@pytest.mark.parametrize("model", [NO_MODEL, NO_CONVERSE_MODEL], ids=["native", "converse"])
def test_no_model(client: OpenAI, model: str) -> None:
    """Bedrock's error for a model that it does not have is NotFoundError."""
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(**asked(model, samples.HELLO))
    assert caught.value.code == "model_not_found"
    assert caught.value.request_id


def test_wrong_key(client: OpenAI, model: str) -> None:
    """A wrong key is AuthenticationError."""
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").chat.completions.create(**asked(model, samples.HELLO))


def test_refused_parameter(client: OpenAI, model: str) -> None:
    """A parameter that the model cannot have is BadRequestError, and a default value is not refused."""
    assert client.chat.completions.create(**asked(model, samples.HELLO, n=1)).choices
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(**asked(model, samples.HELLO, n=2))


def test_responses(client: OpenAI) -> None:
    """A caller of the Responses API is told to use chat completions."""
    with pytest.raises(openai.NotFoundError, match="Use chat completions"):
        client.responses.create(model=MODEL, input=samples.HELLO)
