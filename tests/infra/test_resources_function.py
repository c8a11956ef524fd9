"""The function that lists models gets the environment's models, and may list the account's only if there are none."""

from __future__ import annotations

from typing import Any

import pytest

from openai_resources.settings import ModelsSettings
from tests.infra.conftest import Synthesised, changed, stack_of, synthesised

OSS = "openai.gpt-oss-20b-1:0"
NAMES = [{"name": "fast", "targets": [{"model": OSS}]}]
NAMES_TEXT = f'{{"fast":[["{OSS}"]]}}'
LISTS = {"bedrock:ListFoundationModels", "bedrock:ListInferenceProfiles"}


def made(**settings: Any) -> tuple[ModelsSettings, bool]:
    """What the function of such a `dev` reads, and whether it may list the account's models."""
    stack = stack_of(changed("dev", **settings))
    return ModelsSettings.from_env(stack.variables("resources")), bool(actions(stack) & LISTS)


def actions(stack: Synthesised) -> set[str]:
    """What the function's role may do, besides single-action statements."""
    statements = stack.one("AWS::IAM::Policy", "ResourcesFunction")["PolicyDocument"]["Statement"]
    return {
        action
        for statement in statements
        if isinstance(statement["Action"], list)
        for action in statement["Action"]
    }


def test_an_environment_that_names_nothing() -> None:
    """The account's models are listed, in the stack's region."""
    settings = ModelsSettings.from_env(synthesised("prod").variables("resources"))
    assert settings == ModelsSettings(account_region="us-east-1")
    assert actions(synthesised("prod")) & LISTS == LISTS


@pytest.mark.parametrize(
    ("settings", "read"),
    [
        ({"upstream": {"models": [OSS]}}, ModelsSettings(models=(OSS,))),
        (
            {"models": NAMES, "upstream": {"models": [OSS]}},
            ModelsSettings(models=(OSS,), model_names=NAMES_TEXT),
        ),
        (
            {"models": NAMES, "upstream": {"names_only": True}},
            ModelsSettings(model_names=NAMES_TEXT, names_only=True),
        ),
        (
            {
                "upstream": {
                    "url": "https://bedrock-mantle.us-east-1.api.aws/v1",
                    "may_ignore_guardrail": True,
                }
            },
            ModelsSettings(),
        ),
    ],
    ids=["models", "names and models", "names only", "mantle"],
)
def test_an_environment_that_needs_no_list_of_aws(settings: dict[str, Any], read: ModelsSettings) -> None:
    """The function gets the models, and may not list the account's."""
    assert made(**settings) == (read, False)


def test_names_beside_the_accounts_models() -> None:
    """Names and the environment's own routes reach the function, which may also list the account's models."""
    settings = {"models": NAMES, "upstream": {"routes": {"x.y": "converse"}}}
    read = ModelsSettings(routes=("x.y=converse",), model_names=NAMES_TEXT, account_region="us-east-1")
    assert made(**settings) == (read, True)


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1", "eu-west-1"),
        ("https://bedrock-runtime-fips.us-west-2.amazonaws.com/openai/v1", "us-west-2"),
        ("https://bedrock.example.com/openai/v1", "us-east-1"),
    ],
)
def test_bedrock_in_another_region(url: str, region: str) -> None:
    """The account's models are listed where Bedrock is called."""
    assert made(upstream={"url": url})[0].account_region == region
