"""pydantic-ai."""

from __future__ import annotations

import asyncio

import pytest
from pydantic_ai import Agent, ModelHTTPError, NativeOutput, PromptedOutput, ToolOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from tests.sdk_clients.python import samples
from tests.sdk_clients.python.conftest import MODEL, NO_MODEL, Gateway


@pytest.fixture
def model(gateway: Gateway) -> OpenAIChatModel:
    return chat_model(gateway, MODEL)


def chat_model(gateway: Gateway, name: str) -> OpenAIChatModel:
    """As docs/using-other-clients.md says."""
    provider = OpenAIProvider(base_url=gateway.base_url, api_key=gateway.api_key)
    return OpenAIChatModel(name, provider=provider)


def test_completion(model: OpenAIChatModel) -> None:
    """The agent reads the answer."""
    assert Agent(model).run_sync(samples.HELLO).output == samples.HEARD_HELLO


def test_stream(model: OpenAIChatModel) -> None:
    """The agent streams it."""

    async def texts() -> list[str]:
        async with Agent(model).run_stream(samples.HELLO) as result:
            return [text async for text in result.stream_text(delta=True, debounce_by=None)]

    assert "".join(asyncio.run(texts())) == samples.HEARD_HELLO


def test_tool(model: OpenAIChatModel) -> None:
    """The agent runs the tool that the model calls, and gives the model's last answer."""
    agent = Agent(model, tools=[samples.get_weather])
    assert agent.run_sync(samples.WEATHER_QUESTION).output == samples.HEARD_WEATHER


@pytest.mark.parametrize("output", [ToolOutput, NativeOutput, PromptedOutput])
def test_structured_output(model: OpenAIChatModel, output: type) -> None:
    """Each way to ask for an object gives one: by a tool, by a schema, by words."""
    assert (
        Agent(model, output_type=output(samples.Person)).run_sync(samples.ABOUT_ALICE).output == samples.ALICE
    )


def test_no_model(gateway: Gateway) -> None:
    """Bedrock's 404 for a model is a ModelHTTPError with that status."""
    with pytest.raises(ModelHTTPError) as caught:
        Agent(chat_model(gateway, NO_MODEL)).run_sync(samples.HELLO)
    assert caught.value.status_code == 404
