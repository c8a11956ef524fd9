"""The rotation of the Bedrock API key exists if the settings ask for it, and may change only its secret and its user."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from chat_gateway.aws.settings import AwsSettings
from infra import emulator
from infra.bedrock import key_rotation
from infra.settings.problems import InvalidEnvironmentError
from key_rotation.settings import RotationSettings
from tests.infra.conftest import Synthesised, changed, resolved, stack_of

USER_ARN = "arn:aws:iam::000000000000:user/gateway/bedrock-dev"
SCHEDULE = "AWS::SecretsManager::RotationSchedule"
ROTATION: dict[str, Any] = {"user": "gateway/bedrock-dev", "every_days": 45}


@cache
def rotating() -> Synthesised:
    """`dev` with rotation. Synthesis fails if cdk-nag has a finding."""
    return stack_of(changed("dev", upstream={"key_rotation": ROTATION}))


def statements() -> list[dict[str, Any]]:
    """What the function's role may do."""
    found: list[dict[str, Any]] = rotating().one("AWS::IAM::Policy", "KeyRotation")["PolicyDocument"][
        "Statement"
    ]
    return found


def test_without_the_setting(stack: Synthesised) -> None:
    """No environment has a rotation by itself: no schedule, function, output or permission for IAM."""
    assert not stack.resources(SCHEDULE)
    assert not [id_ for id_ in stack.template["Resources"] if "KeyRotation" in id_]
    assert not {"BedrockKeyUser", "KeyRotationLogGroupName"} & stack.template["Outputs"].keys()


def test_the_schedule() -> None:
    """Secrets Manager calls the function for the key's secret. The deployment itself rotates nothing."""
    stack = rotating()
    schedule = stack.one(SCHEDULE)
    secret_arn = stack.template["Outputs"]["BedrockApiKeySecretArn"]["Value"]
    assert schedule["SecretId"] == secret_arn
    assert schedule["RotationRules"] == {"AutomaticallyAfterDays": 45}
    assert schedule["RotateImmediatelyOnUpdate"] is False
    assert "KeyRotation" in resolved(schedule["RotationLambdaARN"])
    (permission,) = (
        one
        for one in stack.resources("AWS::Lambda::Permission").values()
        if one["Principal"] == "secretsmanager.amazonaws.com"
    )
    assert permission["SourceArn"] == secret_arn
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}


def test_the_schedule_comes_last() -> None:
    """Secrets Manager calls the function when the schedule is made, so role and permission exist before."""
    stack = rotating()
    (schedule,) = (one for one in stack.template["Resources"].values() if one["Type"] == SCHEDULE)
    types = {stack.template["Resources"][id_]["Type"] for id_ in schedule["DependsOn"]}
    assert {"AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::IAM::Policy", "AWS::IAM::Role"} <= types


def test_the_functions_settings() -> None:
    """The function reads what the stack sets. A key lives 30 days longer than the interval."""
    variables = rotating().variables("key-rotation")
    settings = RotationSettings.from_env(variables)
    assert (settings.user, settings.key_age_days) == ("bedrock-dev", 75)
    assert settings.base_url == rotating().variables("api")["BEDROCK_BASE_URL"]
    assert settings.model == "openai.gpt-oss-20b-1:0"
    assert settings.guardrail is not None
    env = {**variables, "AWS_REGION": "us-east-1"}
    read = {*settings.to_env(), *AwsSettings.from_env(env).to_env(), "POWERTOOLS_SERVICE_NAME"}
    assert variables.keys() == read


def test_the_role_may_change_its_secret_and_its_user_only() -> None:
    """Every permission is for the secret, the user or the log. A key may be for Bedrock only, and not live longer."""
    allowed = {
        action: (resolved(one["Resource"]), one.get("Condition"))
        for one in statements()
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    of_secret = {name for name in allowed if name.startswith("secretsmanager:")}
    assert of_secret == {
        f"secretsmanager:{name}"
        for name in ("DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")
    }
    secret = resolved(rotating().template["Outputs"]["BedrockApiKeySecretArn"]["Value"])
    assert {allowed[name] for name in of_secret} == {(secret, None)}
    of_user = {name for name in allowed if name.startswith("iam:")}
    assert {allowed[name][0] for name in of_user} == {USER_ARN}
    assert allowed["iam:CreateServiceSpecificCredential"][1] == {
        "StringEquals": {"iam:ServiceSpecificCredentialServiceName": "bedrock.amazonaws.com"},
        "NumericLessThanEquals": {"iam:ServiceSpecificCredentialAgeDays": "75"},
    }
    assert of_user == {
        "iam:CreateServiceSpecificCredential",
        "iam:ListServiceSpecificCredentials",
        "iam:DeleteServiceSpecificCredential",
    }
    assert allowed.keys() - of_secret - of_user == {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_the_commands_find_the_user() -> None:
    """The outputs name the user, without its path, and the function's log group."""
    outputs = rotating().template["Outputs"]
    assert outputs["BedrockKeyUser"]["Value"] == "bedrock-dev"
    assert "KeyRotation" in resolved(outputs["KeyRotationLogGroupName"]["Value"])


def test_a_test_model_behind_a_name() -> None:
    """If the proof's model is a name of the environment, the test of a key names the model behind it."""
    targets = [{"model": "xai.grok-4", "region": "us-west-2"}, {"model": "qwen.qwen3-32b-v1:0"}]
    stack = stack_of(
        changed(
            "dev",
            region="us-east-1",
            models=[{"name": "fast", "targets": targets}],
            proof={"model": "fast"},
            guardrails={"us-west-2": {"identifier": "def456", "version": "4"}},
            upstream={
                "key_rotation": {**ROTATION, "key_age_days": 52},
                "url": "https://bedrock.test/openai/v1",
            },
        )
    )
    settings = RotationSettings.from_env(stack.variables("key-rotation"))
    assert (settings.model, settings.key_age_days) == ("qwen.qwen3-32b-v1:0", 52)
    assert settings.base_url == "https://bedrock.test/openai/v1"


@pytest.mark.parametrize(
    ("upstream", "models", "tested"),
    [
        ({"models": ["qwen.qwen3-32b-v1:0"]}, [], "qwen.qwen3-32b-v1:0"),
        (
            {"names_only": True},
            [{"name": "fast", "targets": [{"model": "xai.grok-4"}]}],
            "xai.grok-4",
        ),
    ],
)
def test_the_test_model_is_allowed(
    upstream: dict[str, Any], models: list[dict[str, Any]], tested: str
) -> None:
    """The policy of the key's user allows the environment's models only, and Bedrock would refuse another one."""
    environment = changed("dev", models=models, upstream={"key_rotation": ROTATION, **upstream})
    assert key_rotation._model(environment) == tested


def test_not_on_the_emulator() -> None:
    """The emulator cannot rotate secrets, so `local` refuses the setting."""
    with pytest.raises(InvalidEnvironmentError, match="the emulator cannot rotate secrets"):
        emulator.check({"upstream": {"key_rotation": ROTATION}})
