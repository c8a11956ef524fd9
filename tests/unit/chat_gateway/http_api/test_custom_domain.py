"""Callers behind a domain of the operator's are told its base URL, and a path without its base path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.core.errors import ConfigurationError
from chat_gateway.http_api import http_request
from chat_gateway.http_api.custom_domain import CustomDomain
from tests.unit.chat_gateway.api_calls import event
from tests.unit.chat_gateway.conftest import Asking

WITH_PATH = CustomDomain("https://llm.example.com/team/openai/v1")
WITHOUT = CustomDomain("https://llm.example.com/openai/v1")


@pytest.mark.parametrize("domain", [WITH_PATH, WITHOUT])
def test_the_variable(domain: CustomDomain) -> None:
    """The function reads what the stack sets. Without the variable there is no domain."""
    assert CustomDomain.from_env(domain.to_env()) == domain
    assert CustomDomain.from_env({}) is None


@pytest.mark.parametrize("text", ["llm.example.com", "https://llm.example.com/a/b/openai/v1", "https://x/v1"])
def test_a_wrong_variable(text: str) -> None:
    """A URL that is no base URL of ours is a wrong setting."""
    with pytest.raises(ConfigurationError, match="CLIENT_BASE_URL"):
        CustomDomain.from_env({"CLIENT_BASE_URL": text})


@pytest.mark.parametrize(
    ("domain", "path", "below"),
    [
        (WITH_PATH, "/team/openai/v1/responses", "/openai/v1/responses"),
        (WITH_PATH, "/team", "/"),
        (WITH_PATH, "/team/", "/"),
        (WITH_PATH, "/teams/openai", "/teams/openai"),
        (WITH_PATH, "/openai/v1/responses", "/openai/v1/responses"),
        (WITH_PATH, "", ""),
        (WITHOUT, "/openai/v1/responses", "/openai/v1/responses"),
        (WITHOUT, "/", "/"),
    ],
)
def test_the_path_below(domain: CustomDomain, path: str, below: str) -> None:
    """Only the whole base path is cut off, because the default endpoint's paths do not have it."""
    assert domain.below_base_path(path) == below


@given(st.text())
def test_any_path(path: str) -> None:
    """What is cut off is the base path, and nothing else."""
    assert WITH_PATH.below_base_path(f"/team/{path}") == f"/{path}"
    assert WITHOUT.below_base_path(f"/{path}") == f"/{path}"


def test_a_refusal(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong path is answered with the domain's base URL, and named without the base path."""
    monkeypatch.setenv("CLIENT_BASE_URL", WITH_PATH.base_url)
    gateway = asking(lambda _: pytest.fail("Bedrock was asked"))
    wrong = {**event(resource="/{proxy+}"), "path": "/team/v2/chat"}
    status, _, body = gateway.handle(wrong)
    assert status == 404
    assert body["error"]["message"] == (
        f"There is no POST /v2/chat. Use POST {WITH_PATH.base_url}/chat/completions."
    )


def test_a_private_api() -> None:
    """The name of a private API at a VPC endpoint is known as API Gateway's."""
    host = "abc123-vpce-0123456789abcdef0.execute-api.eu-west-1.amazonaws.com"
    context = {"domainName": host, "stage": "prod"}
    assert http_request.read({"requestContext": context}).base_url == f"https://{host}/prod/openai/v1"
