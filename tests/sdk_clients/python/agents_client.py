"""OpenAI's Agents SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import agents
import openai
import pytest
from agents import Agent, Runner, function_tool
from openai import AsyncOpenAI
from openai.types.responses import ResponseTextDeltaEvent

from tests.sdk_clients.python import samples
from tests.sdk_clients.python.conftest import MODEL, NO_MODEL, Gateway


@pytest.fixture(autouse=True)
def chat_completions(gateway: Gateway) -> Iterator[None]:
    """As docs/using-other-clients.md says."""
    client = AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.api_key, max_retries=0)
    agents.set_default_openai_client(client, use_for_tracing=False)
    agents.set_default_openai_api("chat_completions")
    agents.set_tracing_disabled(True)
    yield
    agents.set_default_openai_api("responses")


def test_completion() -> None:
    """The agent reads the answer."""
    assert Runner.run_sync(Agent("a", model=MODEL), samples.HELLO).final_output == samples.HEARD_HELLO


def test_stream() -> None:
    """The agent streams it."""

    async def text() -> str:
        result = Runner.run_streamed(Agent("a", model=MODEL), samples.HELLO)
        events = [event.data async for event in result.stream_events() if event.type == "raw_response_event"]
        return "".join(event.delta for event in events if isinstance(event, ResponseTextDeltaEvent))

    assert asyncio.run(text()) == samples.HEARD_HELLO


def test_tool() -> None:
    """The agent runs the tool that the model calls, and gives the model's last answer."""
    agent = Agent("a", model=MODEL, tools=[function_tool(samples.get_weather)])
    assert Runner.run_sync(agent, samples.WEATHER_QUESTION).final_output == samples.HEARD_WEATHER


def test_handoff() -> None:
    """An agent hands over to another."""
    other = Agent("other", model=MODEL)
    result = Runner.run_sync(Agent("a", model=MODEL, handoffs=[other]), samples.HELLO)
    assert result.last_agent is other


def test_structured_output() -> None:
    """An output type gives an object."""
    agent = Agent("a", model=MODEL, output_type=samples.Person)
    assert Runner.run_sync(agent, samples.ABOUT_ALICE).final_output == samples.ALICE


def test_no_model() -> None:
    """Bedrock's 404 for a model is NotFoundError, which the SDK takes from OpenAI's."""
    with pytest.raises(openai.NotFoundError):
        Runner.run_sync(Agent("a", model=NO_MODEL), samples.HELLO)
