"""The entry points for callers who sign their requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat_gateway.http_api import iam_handler
from openai_resources import iam_handler as resources_handler
from response_streaming import buffered_elsewhere
from tests.unit.chat_gateway.api_calls import event
from tests.unit.chat_gateway.http_api.test_signed_requests import signed
from tests.unit.chat_gateway.lambda_calls import FakeContext
from tests.unit.openai_resources import resource_calls


@pytest.fixture(autouse=True)
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions were imported without their settings, and must say so to each request."""
    monkeypatch.delenv("ROLE_KEPT_S", raising=False)


def test_chat_function_starts_without_its_settings() -> None:
    """A missing setting is a 500 in OpenAI's shape, and nobody is let in."""
    answer: dict[str, Any] = buffered_elsewhere(iam_handler.handle)(signed(event()), FakeContext())
    assert (answer["statusCode"], json.loads(answer["body"])["error"]["code"]) == (500, "internal_error")


def test_resources_function_starts_without_its_settings() -> None:
    """The resources function does the same."""
    made = signed(resource_calls.event("/v1/models"))
    answer = resources_handler.handle(made, FakeContext())  # type: ignore[arg-type]
    assert (answer["statusCode"], json.loads(answer["body"])["error"]["code"]) == (500, "internal_error")
