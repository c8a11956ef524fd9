"""Which of Bedrock's APIs serves a model."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.completions import routes
from chat_gateway.completions.routes import CONVERSE, NATIVE, route_of
from chat_gateway.core.errors import InvalidRequestError

ACCOUNT = "arn:aws:bedrock:us-east-1:123456789012"
BY_CONVERSE = [
    "ai21.jamba-1-5-large-v1:0",
    "amazon.nova-pro-v1:0",
    "amazon.nova-2-lite-v1:0",
    "amazon.titan-text-express-v1",
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "cohere.command-r-plus-v1:0",
    "deepseek.r1-v1:0",
    "meta.llama4-scout-17b-instruct-v1:0",
    "mistral.mistral-7b-instruct-v0:2",
    "mistral.mistral-large-2402-v1:0",
    "mistral.mixtral-8x7b-instruct-v0:1",
    "mistral.pixtral-large-2502-v1:0",
    "writer.palmyra-x5-v1:0",
]
BY_CHAT_COMPLETIONS = [
    "openai.gpt-oss-20b-1:0",
    "deepseek.v3-v1:0",
    "mistral.mistral-large-3-675b-instruct",
    "mistral.ministral-3-8b-instruct",
    "qwen.qwen3-32b-v1:0",
    "google.gemma-3-27b-it",
    "xai.grok-4",
    "ollama",
    "notanthropic.claude",
    "Anthropic.claude",
]


@pytest.mark.parametrize("geography", ["", *routes.GEOGRAPHIES])
@pytest.mark.parametrize(
    ("model", "route"),
    [*((model, CONVERSE) for model in BY_CONVERSE), *((model, NATIVE) for model in BY_CHAT_COMPLETIONS)],
)
def test_families_in_every_geography(model: str, route: str, geography: str) -> None:
    """A geography's prefix changes nothing, and neither does an ARN that names the model."""
    assert route_of(f"{geography}{model}", {}) == route
    assert route_of(f"{ACCOUNT}:inference-profile/{geography}{model}", {}) == route
    assert route_of(f"arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/{model}", {}) == route


def test_one_geography_only() -> None:
    assert route_of("us.eu.anthropic.claude", {}) == NATIVE


def test_application_profiles() -> None:
    """They hide their model, and chat completions refuse them."""
    assert route_of(f"{ACCOUNT}:application-inference-profile/abc", {}) == CONVERSE


@pytest.mark.parametrize(
    "arn",
    [
        f"{ACCOUNT}:prompt/ABCDEFGHIJ:1",
        f"{ACCOUNT}:prompt-router/abc",
        f"{ACCOUNT}:default-prompt-router/anthropic.claude:1",
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/anthropic.mine",
    ],
)
def test_what_is_no_model(arn: str) -> None:
    """A prompt brings its own system prompt, and a router chooses the model: both are refused."""
    with pytest.raises(InvalidRequestError) as caught:
        route_of(arn, {})
    assert (caught.value.param, caught.value.code) == ("model", "invalid_model")


def test_overrides() -> None:
    """The environment's own route counts, for this model's very name only."""
    own = {"xai.grok": CONVERSE, "anthropic.claude": NATIVE, f"{ACCOUNT}:custom-model/a": CONVERSE}
    assert [route_of(model, own) for model in own] == list(own.values())
    assert (route_of("us.xai.grok", own), route_of("us.anthropic.claude", own)) == (NATIVE, CONVERSE)


@given(st.text())
def test_any_name_has_a_route(model: str) -> None:
    assert route_of(model, {}) in (NATIVE, CONVERSE)
