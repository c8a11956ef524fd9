"""LangChain's standard tests of a chat model, for the capabilities of the model under test."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from langchain_tests.integration_tests import ChatModelIntegrationTests

from tests.sdk_clients.python.conftest import MODEL, Gateway


class TestStandard(ChatModelIntegrationTests):
    """A model of text: no images, no audio, no files."""

    @pytest.fixture(autouse=True)
    def _gateway(self, gateway: Gateway) -> None:
        self.gateway = gateway

    @property
    def chat_model_class(self) -> type[ChatOpenAI]:
        return ChatOpenAI

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {
            "model": MODEL,
            "base_url": self.gateway.base_url,
            "api_key": self.gateway.api_key,
            "stream_usage": True,
        }

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return "openai.gpt-oss-120b-1:0"
