"""The models that answer on Converse, by id and by ARN."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.bedrock_standin.conftest import KEY
from tests.unit.bedrock_standin.converse.conftest import user

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.unit.bedrock_standin.converse.conftest import Converse

ARN = "arn:aws:bedrock:us-east-1"
PROFILE_ONLY = "with on-demand throughput isn't supported"


@pytest.mark.parametrize(
    "model",
    [
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "anthropic.claude-3-haiku-20240307-v1:0",
        "global.anthropic.claude-sonnet-4-6",
        "us-gov.anthropic.claude-3-7-sonnet-20250219-v1:0",
        "amazon.nova-lite-v1:0",
        "us.amazon.nova-2-lite-v1:0",
        "us.meta.llama4-scout-17b-instruct-v1:0",
        "us.deepseek.r1-v1:0",
        "openai.gpt-oss-20b-1:0",
        "qwen.qwen3-32b-v1:0",
        "mistral.mistral-7b-instruct-v0:2",
        f"{ARN}::foundation-model/amazon.nova-pro-v1:0",
        f"{ARN}:000000000000:inference-profile/us.amazon.nova-pro-v1:0",
        f"{ARN}:000000000000:application-inference-profile/abc123def456",
    ],
)
def test_a_model_of_converse_answers(converse: Converse, model: str) -> None:
    """A model answers on Converse, also if it has the native route."""
    assert converse(model=model).json()["stopReason"] == "end_turn"


@pytest.mark.parametrize(
    ("model", "status", "says"),
    [
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", 400, PROFILE_ONLY),
        ("meta.llama3-3-70b-instruct-v1:0", 400, PROFILE_ONLY),
        ("deepseek.r1-v1:0", 400, PROFILE_ONLY),
        (f"{ARN}::foundation-model/us.amazon.nova-pro-v1:0", 400, "identifier is invalid"),
        ("amazon.nova-lite-v1:0:24k", 400, "identifier is invalid"),
        ("gpt-5", 400, "identifier is invalid"),
        ("a b", 400, "identifier is invalid"),
        ("moon.amazon.nova-pro-v1:0", 400, "identifier is invalid"),
        ("us.us.amazon.nova-pro-v1:0", 400, "identifier is invalid"),
        (f"{ARN}:000000000000:prompt/ABCDEFGHIJ:1", 400, "prompt"),
        (f"{ARN}:000000000000:default-prompt-router/meta.llama:1", 400, "prompt"),
        ("arn:aws:sagemaker:us-east-1:000000000000:endpoint/mine", 404, "Could not resolve"),
        (f"{ARN}:000000000000:imported-model/abcdefghijkl", 404, "Could not resolve"),
        ("anthropic.claude-v2:1", 404, "Legacy"),
    ],
)
def test_any_other_model_is_refused(converse: Converse, model: str, status: int, says: str) -> None:
    """An unknown model is a 400; a legacy model and a missing resource are a 404."""
    refused = converse(model=model)
    assert (refused.status_code, says in refused.json()["message"]) == (status, True)


def test_an_application_profile_hides_its_family(converse: Converse) -> None:
    """The stand-in's application profile behaves like the family that its id starts with."""
    config = {"inferenceConfig": {"temperature": 0.5, "topP": 0.5}}
    profile = f"{ARN}:000000000000:application-inference-profile"
    assert converse(model=f"{profile}/nova01", **config).status_code == 200
    assert converse(model=f"{profile}/abc123", **config).status_code == 400


@pytest.mark.parametrize("path", ["/model/us.anthropic.claude-sonnet-4-6/converse", "/model/a%3Ab/converse"])
def test_credentials_come_first(client: TestClient, path: str) -> None:
    """Without a key, the model is not looked at."""
    refused = client.post(path, json={"messages": [user("a")]})
    assert (refused.status_code, "Message" in refused.json()) == (403, True)


def test_an_arn_whose_slash_is_not_encoded_is_no_operation(client: TestClient) -> None:
    """A path with an extra segment is an unknown operation."""
    path = f"/model/{ARN}::foundation-model/amazon.nova-pro-v1:0/converse"
    answer = client.post(path, json={}, headers={"authorization": f"Bearer {KEY}"})
    assert "UnknownOperationException" in answer.text
