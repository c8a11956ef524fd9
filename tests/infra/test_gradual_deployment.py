"""With `deployment.gradual`, CodeDeploy moves the aliases, after a test of the new versions."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch

from guardrail_proof import new_versions
from guardrail_proof.settings import CANARY_WORD, NewVersions
from infra.deployments.gradual_deployment import GradualDeployment
from infra.gateway_stack import GatewayStack
from infra.settings.deployment import Deployment
from infra.settings.guardrail import NoGuardrail
from infra.settings.upstream import AuthMethod
from tests.infra.conftest import CONTEXT, Synthesised, changed, resolved, stack_of, synthesised
from tests.infra.test_live_alias import alias_ids

GRADUAL = {"deployment": Deployment(gradual=True)}
MOVED = {"api", "worker", "authorizer", "resources"}
TRIED = {"api", "worker"}


@cache
def prod(guardrail: str | None = "abc123:7") -> Synthesised:
    return synthesised("prod", guardrail, gradual="true")


def aliases() -> dict[str, dict[str, Any]]:
    """The aliases with their attributes, by the end of the function's name."""
    return {name: prod().template["Resources"][id_] for name, id_ in alias_ids(prod()).items()}


def hook_id() -> str:
    (id_,) = (
        id_
        for id_, function in prod().resources("AWS::Lambda::Function").items()
        if function["Handler"] == "guardrail_proof.before_traffic.handle"
    )
    return id_


@pytest.mark.parametrize("stack", [synthesised("prod"), synthesised("local", gradual="true")])
def test_all_at_once(stack: Synthesised) -> None:
    """Without the setting, and on the emulator, which has no CodeDeploy, there is no trace of it."""
    text = json.dumps(stack.template)
    assert "CodeDeploy" not in text
    assert "UpdatePolicy" not in text
    assert "pre-traffic" not in text


def test_a_tenth_for_five_minutes() -> None:
    """Each alias has a deployment group of its own, which rolls a failed deployment back."""
    groups = prod().resources("AWS::CodeDeploy::DeploymentGroup")
    assert len(groups) == len(MOVED)
    for group in groups.values():
        assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
        assert "DEPLOYMENT_FAILURE" in group["AutoRollbackConfiguration"]["Events"]
    policies = {name: alias.get("UpdatePolicy") for name, alias in aliases().items()}
    moved = {name: policy["CodeDeployLambdaAliasUpdate"] for name, policy in policies.items() if policy}
    assert set(moved) == MOVED
    assert {policy["DeploymentGroupName"]["Ref"] for policy in moved.values()} == set(groups)


def test_chat_and_worker_are_tried_first() -> None:
    """The hook and its permissions are there before CodeDeploy calls it."""
    resources = prod().template["Resources"]
    for name, alias in aliases().items():
        policy = alias.get("UpdatePolicy", {}).get("CodeDeployLambdaAliasUpdate", {})
        assert (policy.get("BeforeAllowTrafficHook") == {"Ref": hook_id()}) is (name in TRIED)
        if name in TRIED:
            of_hook = {id_ for id_ in resources if id_.startswith("GradualDeploymentBeforeTraffic")}
            assert of_hook | {policy["DeploymentGroupName"]["Ref"]} <= set(alias["DependsOn"])


def test_longest_names() -> None:
    """With the longest prefix and the longest name of an environment, no function's name is over Lambda's limit.

    https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html (FunctionName)
    """
    longest_stack_name = 29 + len("-") + 20
    names = [one.get("FunctionName", "") for one in prod().resources("AWS::Lambda::Function").values()]
    ends = [name.removeprefix("bedrock-chat-gateway-prod") for name in names if name] + ["-key-rotation"]
    assert "-pre-traffic" in ends
    assert longest_stack_name + max(map(len, ends)) <= 64


def test_hook_gets_the_new_versions() -> None:
    """The hook invokes the versions that this deployment publishes, not the alias."""
    variables = prod().resources("AWS::Lambda::Function")[hook_id()]["Environment"]["Variables"]
    versions = NewVersions.from_env({name: resolved(value) for name, value in variables.items()})
    published = {
        name: alias["Properties"]["FunctionVersion"]["Fn::GetAtt"][0] for name, alias in aliases().items()
    }
    assert (versions.chat, versions.worker) == (published["api"], published["worker"])
    assert (versions.canary, versions.tagging) == (CANARY_WORD, "off")


def test_names_and_converse_are_tried() -> None:
    """If callers may use names only, the hook asks by a name. A model of Converse is tried on its route."""
    names = [{"name": "fast", "targets": [{"model": "openai.gpt-oss-20b-1:0"}]}]
    stack = stack_of(changed("dev", **GRADUAL, models=names, upstream={"names_only": True}))
    assert stack.variables("pre-traffic")["PROOF_MODEL"] == "fast"
    stack = stack_of(
        changed("dev", **GRADUAL, upstream={"models": ["openai.gpt-oss-20b-1:0", "amazon.nova-lite-v1:0"]})
    )
    assert stack.variables("pre-traffic")["PROOF_CONVERSE_MODEL"] == "amazon.nova-lite-v1:0"


def test_without_a_guardrail_no_canary_is_sent() -> None:
    """The new version must then answer, and nothing is said about a guardrail."""
    unguarded = NoGuardrail(kind="none", callers_may_go_unguarded=True)
    variables = stack_of(changed("dev", **GRADUAL, guardrail=unguarded)).variables("pre-traffic")
    assert not {"PROOF_CANARY", "PROOF_TAGGING"} & set(variables)


def test_role_of_the_hook() -> None:
    """The hook may invoke versions of two functions, read its stack's status and report. It reads no secret."""
    policy = prod().one("AWS::IAM::Policy", "BeforeTrafficRole")["PolicyDocument"]["Statement"]
    actions = {
        action
        for one in policy
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    assert actions == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "lambda:InvokeFunction",
        "cloudformation:DescribeStacks",
        "codedeploy:PutLifecycleEventHookExecutionStatus",
    }
    (invoke,) = (one for one in policy if one["Action"] == "lambda:InvokeFunction")
    arns = [resolved(arn) for arn in invoke["Resource"]]
    assert arns == ["ChatFunctionChatFunctionA6D3D71F:*", "JobWorkerFunction7BB1B3D2:*"]


def test_time_is_enough() -> None:
    """The hook's function lives longer than its probes may take, so that CodeDeploy always hears a verdict."""
    assert prod().function("pre-traffic")["Timeout"] > new_versions.WITHIN_S + 30


def with_alarms(number: int) -> Synthesised:
    """`dev` with CodeDeploy and alarms, each on a metric of its own."""
    environment = changed("dev")
    app = cdk.App(context=CONTEXT)
    stack = GatewayStack(app, "Stack", environment=environment)
    alarms = [
        cloudwatch.Alarm(
            stack,
            f"Alarm{index}",
            metric=cloudwatch.Metric(namespace="n", metric_name=f"m{index}"),
            threshold=1,
            evaluation_periods=1,
        )
        for index in range(number)
    ]
    GradualDeployment(
        stack,
        "Gradual",
        environment=environment,
        guardrail=stack.guardrail,
        chat=stack.chat.live,
        worker=stack.worker.live,
        others={},
        alarms=alarms,
    )
    return Synthesised.of(app)


def test_alarms_roll_back() -> None:
    """Each group watches all alarms, and rolls back if one fires."""
    stack = with_alarms(2)
    for group in stack.resources("AWS::CodeDeploy::DeploymentGroup").values():
        assert len(group["AlarmConfiguration"]["Alarms"]) == 2
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]


def test_too_many_alarms() -> None:
    """CodeDeploy would refuse the group, in the middle of a deployment."""
    with pytest.raises(ValueError, match="10"):
        with_alarms(11)


def test_proof_comes_after() -> None:
    """The public proof runs after all traffic has moved."""
    stack = synthesised("prod", gradual="true", prove_on_deploy="true")
    (trigger,) = (one for one in stack.template["Resources"].values() if one["Type"] == "Custom::Trigger")
    moved = {alias_ids(stack)[name] for name in ("api", "worker", "resources", "authorizer")}
    assert moved <= set(trigger["DependsOn"])


def required_guardrails(stack: Synthesised) -> set[tuple[str, str, str]]:
    """Effect, operator and guardrail of each statement about Bedrock that has such a condition."""
    types = ("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
    policies = [policy for type_ in types for policy in stack.resources(type_).values()]
    return {
        (statement["Effect"], operator, resolved(values["bedrock:GuardrailIdentifier"]))
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        for operator, values in statement.get("Condition", {}).items()
        if "bedrock:GuardrailIdentifier" in values
    }


@pytest.mark.parametrize("auth", ["api_key", "sigv4"])
def test_both_versions_of_the_guardrail_may_be_used(auth: str) -> None:
    """While a tenth of the traffic has the new version of the stack's guardrail, the rest still uses the old one.

    The draft is not allowed, and no call without the guardrail.
    """
    stack = stack_of(changed("dev", **GRADUAL, upstream={"auth": AuthMethod(auth)}))
    (id_,) = stack.resources("AWS::Bedrock::Guardrail")
    any_version = f"arn:aws:bedrock:us-east-1:000000000000:guardrail/{id_}:*"
    assert required_guardrails(stack) == {
        ("Allow", "StringLike", any_version),
        ("Deny", "StringNotLike", any_version),
    }


def test_an_existing_guardrail_stays_exact() -> None:
    """Old versions of a guardrail that the stack did not create are not deleted, so they are never allowed."""
    version = "arn:aws:bedrock:us-east-1:000000000000:guardrail/abc123:7"
    assert required_guardrails(prod()) == {
        ("Allow", "StringEquals", version),
        ("Deny", "StringNotEquals", version),
    }
