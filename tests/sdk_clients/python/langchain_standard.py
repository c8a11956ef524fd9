"""LangChain's standard tests of a chat model, for two models of each route.

docs/using-other-clients.md explains the tests that are skipped.
"""

from __future__ import annotations

import secrets
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests

from tests.sdk_clients.python import samples
from tests.sdk_clients.python.conftest import CONVERSE_MODEL, MODEL, Gateway


class _StandardTests(ChatModelIntegrationTests):
    """ChatOpenAI with the gateway's URL and key. A subclass names the model, and says what the model has."""

    model_name: str
    other_model: str

    @pytest.fixture(autouse=True)
    def _gateway(self, gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gateway = gateway
        monkeypatch.setattr(httpx, "get", _sample_file)

    @property
    def chat_model_class(self) -> type[ChatOpenAI]:
        return ChatOpenAI

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {
            "model": self.model_name,
            "base_url": self.gateway.base_url,
            "api_key": self.gateway.api_key,
            "stream_usage": True,
        }

    @property
    def supports_anthropic_inputs(self) -> bool:
        """ChatOpenAI translates content in Anthropic's form, and leaves `cache_control` in it."""
        return True

    @property
    def model_override_value(self) -> str:
        return self.other_model


class _WithoutSchemas(_StandardTests):
    """A model that has no JSON schemas for its answers. A tool makes them."""

    @property
    def structured_output_kwargs(self) -> dict[str, Any]:
        return {"method": "function_calling"}


class TestQwen(_StandardTests):
    """Qwen, on the native route: text with JSON schemas and JSON objects."""

    model_name, other_model = MODEL, "openai.gpt-oss-120b-1:0"

    @property
    def supports_json_mode(self) -> bool:
        return True


class TestGptOss(_WithoutSchemas):
    """gpt-oss, on the native route. On Bedrock it ignores `response_format`."""

    model_name, other_model = "openai.gpt-oss-20b-1:0", "openai.gpt-oss-120b-1:0"


class TestClaude(_StandardTests):
    """Claude, on the Converse route: images, documents, reasoning, prompt caching and closed JSON schemas."""

    model_name, other_model = CONVERSE_MODEL, "us.anthropic.claude-haiku-4-5-20251001-v1:0"

    @property
    def structured_output_kwargs(self) -> dict[str, Any]:
        """LangChain closes only the schemas that it sends as strict."""
        return {"strict": True}

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_pdf_inputs(self) -> bool:
        return True

    @property
    def supported_usage_metadata_details(self) -> dict[str, list[str]]:
        details = ["reasoning_output", "cache_read_input", "cache_creation_input"]
        return {"invoke": details, "stream": details}

    def invoke_with_reasoning_output(self, *, stream: bool = False) -> AIMessage:
        message = self._answer([HumanMessage(samples.HELLO)], stream=stream, reasoning_effort="low")
        assert message.usage_metadata["output_token_details"]["reasoning"] > 0
        return message

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> AIMessage:
        messages = _with_cache_point()
        self._answer(messages, stream=stream)
        message = self._answer(messages, stream=stream)
        assert message.usage_metadata["input_token_details"]["cache_read"] > 0
        return message

    def invoke_with_cache_creation_input(self, *, stream: bool = False) -> AIMessage:
        message = self._answer(_with_cache_point(), stream=stream)
        assert message.usage_metadata["input_token_details"]["cache_creation"] > 0
        return message

    def _answer(self, messages: list[BaseMessage], *, stream: bool, **options: Any) -> AIMessage:
        chat = ChatOpenAI(**self.chat_model_params, **options)
        if not stream:
            return chat.invoke(messages)
        first, *others = chat.stream(messages)
        return sum(others, start=first)


class TestNova(_WithoutSchemas):
    """Nova, on the Converse route, with images and documents."""

    model_name, other_model = "us.amazon.nova-pro-v1:0", "us.amazon.nova-lite-v1:0"

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_pdf_inputs(self) -> bool:
        return True


def _with_cache_point() -> list[BaseMessage]:
    """Messages that begin with a text which no cache has."""
    text = f"You are assistant {secrets.token_hex(8)}."
    part = {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}
    return [SystemMessage([part]), HumanMessage(samples.HELLO)]


def _sample_file(url: str, **_: object) -> SimpleNamespace:
    """Stands in for the download of the tests' picture and document."""
    return SimpleNamespace(content=samples.PDF if url.endswith(".pdf") else samples.PNG)
