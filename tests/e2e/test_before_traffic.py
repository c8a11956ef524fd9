"""The hook before traffic lets only a version through whose guardrail holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from guardrail_proof import new_versions
from guardrail_proof.before_traffic import BeforeTraffic, Verdict
from guardrail_proof.settings import CANARY_WORD, NewVersions
from local.aws import environment
from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL
from tests.e2e.converse_bypasses import CLAUDE
from tests.e2e.deployed_functions import API, LIVE, WORKER
from tests.e2e.standin import StandinControl
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

STACK = "bedrock-chat-gateway-local"
EVENT = {"DeploymentId": "d-ABCDEF123", "LifecycleEventHookExecutionId": "an-id"}
CANARIES = ["the canary, in one piece", "the canary, streamed"]


class CodeDeploy:
    """Hears the verdict of the hook."""

    def __init__(self) -> None:
        self.verdicts: list[tuple[dict[str, Any], Verdict]] = []

    def report(self, session: boto3.Session, event: dict[str, Any], verdict: Verdict) -> None:
        self.verdicts.append((event, verdict))


Hook = Callable[..., tuple[Verdict, str]]


@pytest.fixture
def hook(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Hook:
    """Runs the hook for a version of the chat function, by default the one that serves. Returns verdict and log."""
    for name, value in environment.aws(stack.aws_endpoint_url).items():
        monkeypatch.setenv(name, value)
    session = stack.session()
    functions = session.client("lambda")
    (described,) = session.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]

    def run(version: str | None = None, converse_model: str | None = None) -> tuple[Verdict, str]:
        versions = NewVersions(
            stack_id=described["StackId"],
            chat=version or serving(functions, API),
            worker=serving(functions, WORKER),
            model=MODEL,
            canary=CANARY_WORD,
            converse_model=converse_model,
        )
        for name, value in versions.to_env().items():
            monkeypatch.setenv(name, value)
        codedeploy, log = CodeDeploy(), StringIO()
        tried = partial(new_versions.tried, pause_s=0)
        function = BeforeTraffic(logger_to(log), tried=tried, report=codedeploy.report)
        function.handle(EVENT, FakeContext())  # type: ignore[arg-type]
        ((event, verdict),) = codedeploy.verdicts
        assert event == EVENT
        return verdict, log.getvalue()

    return run


def serving(functions: LambdaClient, name: str) -> str:
    """The ARN of the version that the alias names."""
    version = functions.get_alias(FunctionName=name, Name=LIVE)["FunctionVersion"]
    return functions.get_function_configuration(FunctionName=name, Qualifier=version)["FunctionArn"]


@contextmanager
def published(stack: LocalStack, change: Callable[[dict[str, str]], dict[str, str]]) -> Iterator[str]:
    """The ARN of a new version of the chat function with changed variables. The alias stays where it is."""
    functions = stack.session().client("lambda")
    before = functions.get_function_configuration(FunctionName=API)["Environment"]["Variables"]

    def update(variables: dict[str, str]) -> None:
        functions.update_function_configuration(FunctionName=API, Environment={"Variables": variables})
        functions.get_waiter("function_updated_v2").wait(FunctionName=API)

    update(change(before))
    try:
        yield functions.publish_version(FunctionName=API)["FunctionArn"]
    finally:
        update(before)


def unguarded(variables: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if not name.startswith("GUARDRAIL_")}


def misconfigured(variables: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if name != "GUARDRAIL_VERSION"}


def test_guardrail_that_holds(hook: Hook) -> None:
    """On the deployed stack CodeDeploy hears Succeeded, on both routes."""
    verdict, log = hook(converse_model=CLAUDE)
    assert verdict == "Succeeded", log
    assert log.count('"guardrail probe"') == 4 + 6 + 1


def test_weakened_guardrail(stack: LocalStack, hook: Hook) -> None:
    """A new version without the guardrail is found out, while the version that serves still has it."""
    with published(stack, unguarded) as version:
        verdict, log = hook(version)
        assert hook()[0] == "Succeeded"
    assert verdict == "Failed"
    assert all(f"{name} ended with 'stop'" in log for name in CANARIES)


def test_ignored_guardrail(hook: Hook, standin: StandinControl) -> None:
    """If Bedrock ignores the guardrail, no version gets traffic."""
    standin.treat_guardrail_headers(ignored=True)
    try:
        verdict, log = hook()
    finally:
        standin.treat_guardrail_headers()
    assert verdict == "Failed"
    assert "The guardrail does not hold" in log


def test_version_that_answers_errors(stack: LocalStack, hook: Hook) -> None:
    """A version with wrong settings answers nothing, so it has shown nothing."""
    with published(stack, misconfigured) as version:
        verdict, log = hook(version)
    assert verdict == "Failed"
    assert "internal_error" in log


def test_version_that_does_not_exist(stack: LocalStack, hook: Hook) -> None:
    verdict, log = hook(serving(stack.session().client("lambda"), API).rpartition(":")[0] + ":999")
    assert verdict == "Failed"
    assert "ResourceNotFoundException" in log
