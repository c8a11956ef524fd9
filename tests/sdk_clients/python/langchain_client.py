"""LangChain's ChatOpenAI: the newest, and version 0.2."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from tests.sdk_clients.python import samples
from tests.sdk_clients.python.conftest import MODEL, NO_MODEL, Gateway


def chat(gateway: Gateway, model: str = MODEL, **options: Any) -> ChatOpenAI:
    """As docs/using-other-clients.md says."""
    return ChatOpenAI(
        model=model, base_url=gateway.base_url, api_key=gateway.api_key, max_retries=0, **options
    )


def test_completion(gateway: Gateway) -> None:
    """LangChain reads the answer and its usage."""
    message = chat(gateway).invoke(samples.HELLO)
    assert message.content == samples.HEARD_HELLO
    assert message.usage_metadata


def test_stream(gateway: Gateway) -> None:
    """LangChain joins the chunks of a stream; if asked for usage, it has that too."""
    first, *others = chat(gateway, stream_usage=True).stream(samples.HELLO)
    assert len(others) > 1
    message = sum(others, start=first)
    assert message.content == samples.HEARD_HELLO
    assert message.usage_metadata


def test_tool(gateway: Gateway) -> None:
    """The model calls a tool, and answers with what the tool said."""
    bound = chat(gateway).bind_tools([tool(samples.get_weather)])
    question = HumanMessage(samples.WEATHER_QUESTION)
    answer = bound.invoke([question])
    (call,) = answer.tool_calls
    result = ToolMessage(samples.get_weather(**call["args"]), tool_call_id=call["id"])
    assert bound.invoke([question, answer, result]).content == samples.HEARD_WEATHER


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
def test_structured_output(gateway: Gateway, method: str) -> None:
    """Both ways to ask for an object give one."""
    structured = chat(gateway).with_structured_output(samples.Person, method=method)
    assert structured.invoke(samples.ABOUT_ALICE) == samples.ALICE


def test_no_model(gateway: Gateway) -> None:
    """Bedrock's 404 for a model is NotFoundError, which LangChain takes from OpenAI's SDK."""
    with pytest.raises(openai.NotFoundError):
        chat(gateway, NO_MODEL).invoke(samples.HELLO)
