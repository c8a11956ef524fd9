"""The models that the stand-in answers for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.bedrock_standin.conftest import Ask


@pytest.mark.parametrize(
    "model",
    [
        "openai.gpt-oss-120b-1:0",
        "us.openai.gpt-oss-20b-1:0",
        "openai.gpt-oss-safeguard-20b",
        "us.openai.gpt-5.6-sol",
        "global.openai.gpt-6-astra",
        "us.xai.grok-4.6",
        "jp.xai.grok-4.7",
        "qwen.qwen3-32b-v1:0",
        "apac.qwen.qwen3-32b-v1:0",
        "deepseek.v3.2",
        "zai.glm-4.7",
        "zai.glm-5",
        "mistral.mistral-large-3-675b-instruct",
        "mistral.ministral-3-8b-instruct",
        "mistral.magistral-small-2509",
        "mistral.devstral-2-123b",
        "mistral.voxtral-mini-3b-2507",
        "moonshotai.kimi-k2.5",
        "moonshotai.kimi-k3",
        "minimax.minimax-m2",
        "nvidia.nemotron-nano-9b-v2",
        "writer.palmyra-vision-7b",
        "google.gemma-3-27b-it",
    ],
)
def test_a_model_of_this_api_answers(ask: Ask, model: str) -> None:
    """A model of this API answers under the name in the request."""
    assert ask(model=model).json()["model"] == model


@pytest.mark.parametrize(
    "model",
    [
        "anthropic.claude-5",
        "us.anthropic.claude-sonnet-4-6",
        "us.amazon.nova-pro-v1:0",
        "meta.llama3-3-70b-instruct-v1:0",
        "gpt-5",
        "openai.gpt-5.5",
        "us.openai.gpt-5.4",
        "openai.gpt-5.6-sol",
        "eu.openai.gpt-5.6-sol",
        "xai.grok-4.6",
        "us.xai.grok-4.3",
        "deepseek.v3.1",
        "google.gemma-4-31b",
        "moon.qwen.qwen3-32b-v1:0",
        "us.us.qwen.qwen3-32b-v1:0",
        "arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.amazon.nova-pro-v1:0",
    ],
)
def test_any_other_model_is_404(ask: Ask, model: str) -> None:
    """Models of other APIs, unknown models, and profile-only models without a profile get a 404."""
    response = ask(model=model)
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
def test_an_application_profile_is_400(ask: Ask, partition: str) -> None:
    """The ARN of an application inference profile is refused as a value, not as an unknown model."""
    arn = f"arn:{partition}:bedrock:us-east-1:000000000000:application-inference-profile/abc123"
    response = ask(model=arn)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "validation_error"
