"""Haystack."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from haystack.components.agents import Agent
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import create_tool_from_function
from haystack.utils import Secret

from tests.sdk_clients.python import samples
from tests.sdk_clients.python.conftest import MODEL, NO_MODEL, Gateway


def generator(gateway: Gateway, model: str = MODEL, **options: Any) -> OpenAIChatGenerator:
    """As docs/using-other-clients.md says."""
    return OpenAIChatGenerator(
        model=model,
        api_base_url=gateway.base_url,
        api_key=Secret.from_token(gateway.api_key),
        max_retries=0,
        **options,
    )


def test_completion(gateway: Gateway) -> None:
    """Haystack reads the answer."""
    (reply,) = generator(gateway).run([ChatMessage.from_user(samples.HELLO)])["replies"]
    assert reply.text == samples.HEARD_HELLO


def test_stream(gateway: Gateway) -> None:
    """Haystack gives a callback every chunk of a stream."""
    chunks: list[str] = []
    streaming = generator(gateway, streaming_callback=lambda chunk: chunks.append(chunk.content or ""))
    streaming.run([ChatMessage.from_user(samples.HELLO)])
    assert "".join(chunks) == samples.HEARD_HELLO


def test_tool(gateway: Gateway) -> None:
    """The agent runs the tool that the model calls, and gives the model's last answer."""
    agent = Agent(chat_generator=generator(gateway), tools=[create_tool_from_function(samples.get_weather)])
    result = agent.run([ChatMessage.from_user(samples.WEATHER_QUESTION)])
    assert result["last_message"].text == samples.HEARD_WEATHER


def test_structured_output(gateway: Gateway) -> None:
    """A type as `response_format` gives its JSON."""
    asking = generator(gateway, generation_kwargs={"response_format": samples.Person})
    (reply,) = asking.run([ChatMessage.from_user(samples.ABOUT_ALICE)])["replies"]
    assert samples.Person.model_validate_json(reply.text) == samples.ALICE


def test_no_model(gateway: Gateway) -> None:
    """Bedrock's 404 for a model is NotFoundError, which Haystack takes from OpenAI's SDK."""
    with pytest.raises(openai.NotFoundError):
        generator(gateway, NO_MODEL).run([ChatMessage.from_user(samples.HELLO)])
