"""The operator's commands, against moto's AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber
from click.testing import CliRunner, Result
from moto import mock_aws

from gateway_cli import proof, stack_outputs
from gateway_cli.command import cli
from guardrail_proof.plan import Plan
from guardrail_proof.probes import Probe
from guardrail_proof.settings import Gateway
from tests.unit import clients_table
from tests.unit.gateway_cli.outputs import OUTPUTS

ALWAYS_THERE = (
    "BaseUrl",
    "RestApiId",
    "ClientsTableName",
    "JobRecordsTableName",
    "LargeResultsBucketName",
    "JobsQueueUrl",
    "ResultsQueueUrl",
    "DeadLetterQueueUrl",
    "ChatLogGroupName",
    "WorkerLogGroupName",
)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        clients_table.create(session.client("dynamodb"))
        session.client("secretsmanager").create_secret(Name="bedrock-key", SecretString="placeholder")
        monkeypatch.setattr(stack_outputs, "read", lambda *_: OUTPUTS)
        yield session


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, [*arguments, "--env", "dev"], input=stdin)


def test_the_bedrock_key_is_read_from_standard_input_and_stored(session: boto3.Session) -> None:
    result = run("bedrock-key", "put", stdin="ABSK-key-1\n")
    assert result.output == "The Bedrock API key is stored.\n"
    assert (
        session.client("secretsmanager").get_secret_value(SecretId="bedrock-key")["SecretString"]
        == "ABSK-key-1"
    )


@pytest.mark.parametrize(
    "key", ["", "short", "two words of text", "ABSK-kéy-1", "REPLACE-WITH-A-BEDROCK-API-KEY"]
)
def test_what_cannot_be_a_key_is_refused_and_not_repeated(session: boto3.Session, key: str) -> None:
    result = run("bedrock-key", "put", stdin=key)
    assert result.exit_code == 1
    assert "8 visible ASCII characters" in result.output
    assert not key or key not in result.output


def test_endless_input_is_no_key(session: boto3.Session) -> None:
    """Endless standard input is read only until it is clear that it is not a key."""
    with Path("/dev/zero").open("rb") as endless:
        result = CliRunner().invoke(cli, ["bedrock-key", "put", "--env", "dev"], input=endless)
    assert result.exit_code == 1
    assert "8 visible ASCII characters" in result.output


def test_where_the_role_signs_no_key_is_asked_for_and_the_reason_is_given(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_outputs, "read", lambda *_: replace(OUTPUTS, secret_arn=None))
    result = run("bedrock-key", "put", stdin="ABSK-key-1\n")
    assert result.exit_code == 1
    assert "upstream.auth is sigv4" in result.output


SHORT_TERM = "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t"


@pytest.mark.parametrize("secret", [SHORT_TERM, json.dumps({"api_key": SHORT_TERM}, separators=(",", ":"))])
def test_a_short_term_key_is_refused_where_there_are_other_regions(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    """Such a key is valid in its own region only. The regions are named, and the key is not repeated."""
    outputs = replace(OUTPUTS, bedrock_regions=("us-west-2", "eu-west-1"))
    monkeypatch.setattr(stack_outputs, "read", lambda *_: outputs)
    result = run("bedrock-key", "put", stdin=secret)
    assert result.exit_code == 1
    assert "in us-west-2, eu-west-1. Make a long-term key." in result.output
    assert SHORT_TERM not in result.output
    assert stored(session) == "placeholder"


@pytest.mark.parametrize(
    ("regions", "secret"),
    [((), SHORT_TERM), (("us-west-2",), "ABSK-key-1"), (("us-west-2",), '{"key":"bedrock-api-key-1"}')],
)
def test_another_key_is_stored(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch, regions: tuple[str, ...], secret: str
) -> None:
    """A short-term key serves one region, and a long-term key all."""
    monkeypatch.setattr(stack_outputs, "read", lambda *_: replace(OUTPUTS, bedrock_regions=regions))
    assert run("bedrock-key", "put", stdin=secret).exit_code == 0
    assert stored(session) == secret


def stored(session: boto3.Session) -> str:
    return session.client("secretsmanager").get_secret_value(SecretId="bedrock-key")["SecretString"]


@pytest.mark.parametrize("has_key", [True, False])
def test_outputs_are_read_with_a_bedrock_api_key_and_without(
    monkeypatch: pytest.MonkeyPatch, has_key: bool
) -> None:
    outputs = {name: name for name in ALWAYS_THERE}
    if has_key:
        outputs |= {"BedrockApiKeySecretArn": "the-secret", "BedrockApiKeyPolicyArn": "the-policy"}
    read = read_outputs(monkeypatch, outputs)
    assert read.by_name == outputs
    assert (read.secret_arn, read.api_key_policy_arn) == (
        ("the-secret", "the-policy") if has_key else (None, None)
    )


@pytest.mark.parametrize("usage_table", ["usage", None])
def test_a_stack_may_have_no_usage_table(monkeypatch: pytest.MonkeyPatch, usage_table: str | None) -> None:
    """The usage table's name is read; a stack of an earlier version has none."""
    outputs = {name: name for name in ALWAYS_THERE}
    more = {} if usage_table is None else {"UsageTableName": usage_table}
    assert read_outputs(monkeypatch, outputs | more).usage_table == usage_table


@pytest.mark.parametrize(
    ("text", "regions"), [(None, ()), ("us-west-2", ("us-west-2",)), ("a-b-1,c-d-2", ("a-b-1", "c-d-2"))]
)
def test_a_stack_may_have_other_regions(
    monkeypatch: pytest.MonkeyPatch, text: str | None, regions: tuple[str, ...]
) -> None:
    """The regions are read from one output, and a stack without model names has none."""
    outputs = {name: name for name in ALWAYS_THERE} | ({} if text is None else {"BedrockRegions": text})
    assert read_outputs(monkeypatch, outputs).bedrock_regions == regions


def read_outputs(monkeypatch: pytest.MonkeyPatch, outputs: dict[str, str]) -> stack_outputs.StackOutputs:
    """What `stack_outputs.read` makes of a stack's outputs."""
    cloudformation = boto3.client(
        "cloudformation", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    monkeypatch.setattr(boto3.Session, "client", lambda *_: cloudformation)
    with Stubber(cloudformation) as stub:
        described = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
        stack = {"StackName": "s", "CreationTime": "2026-01-01", "StackStatus": "CREATE_COMPLETE"}
        stub.add_response("describe_stacks", {"Stacks": [{**stack, "Outputs": described}]})
        return stack_outputs.read(boto3.Session(), "dev")


def test_show_prints_each_output(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs have the stack's names, as lines or as one JSON object."""
    outputs = {"AccessLogGroupName": "access", "BaseUrl": "https://api.test/openai/v1"}
    monkeypatch.setattr(stack_outputs, "read", lambda *_: replace(OUTPUTS, by_name=outputs))
    assert run("show").output == "AccessLogGroupName: access\nBaseUrl: https://api.test/openai/v1\n"
    assert json.loads(run("show", "--json").output) == outputs


@pytest.mark.parametrize("endpoint_url", [None, "http://127.0.0.1:4566"])
def test_an_environment_that_is_not_deployed_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, endpoint_url: str | None
) -> None:
    """The error says how to deploy, and names the endpoint if it is not AWS."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    if endpoint_url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint_url)
    cloudformation = boto3.client(
        "cloudformation", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    monkeypatch.setattr(boto3.Session, "client", lambda *_: cloudformation)
    with Stubber(cloudformation) as stub:
        message = "Stack with id bedrock-chat-gateway-dev does not exist"
        stub.add_client_error("describe_stacks", "ValidationError", message)
        result = run("show")
    assert result.exit_code == 1
    assert "make deploy ENV=dev" in result.output
    assert (" at http://127.0.0.1:4566 (AWS_ENDPOINT_URL)" in result.output) is bool(endpoint_url)


def test_without_a_region_the_command_says_how_to_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    result = run("show")
    assert result.exit_code == 1
    assert "AWS_REGION" in result.output


def test_the_region_is_taken_from_the_variable_that_other_tools_read(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert run("clients", "create", "team-a").exit_code == 0


HOLDS = Probe("the canary, streamed", None)
FAILS = Probe("the canary, as a job", "ended with 'stop'; it must be blocked")


@pytest.mark.parametrize(("probes", "exit_code"), [([HOLDS], 0), ([HOLDS, FAILS], 1)])
def test_the_proof_has_a_line_for_each_probe_and_fails_where_one_does(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch, probes: list[Probe], exit_code: int
) -> None:
    monkeypatch.setattr(proof, "prove", lambda *_, **__: (probe for probe in probes))
    result = run("prove")
    assert result.exit_code == exit_code
    assert result.stdout.splitlines() == [str(probe) for probe in probes]
    assert ("The guardrail does not block as it must." in result.stderr) is bool(exit_code)


def test_errors_are_no_broken_guardrail(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """If every failed probe is an error, the output says nothing about the guardrail."""
    failed = Probe("the canary, streamed", "ended with 'error x'", is_error=True)
    monkeypatch.setattr(proof, "prove", lambda *_, **__: (probe for probe in [HOLDS, failed]))
    result = run("prove")
    assert result.exit_code == 1
    assert "The proof is incomplete" in result.stderr


def test_a_base_url_is_a_url(session: boto3.Session) -> None:
    """A base URL that is not a usable URL is a wrong option."""
    result = run("prove", "--base-url", "nonsense")
    assert result.exit_code == 2
    assert "--base-url" in result.stderr


@pytest.mark.parametrize(
    ("options", "base_url"),
    [([], OUTPUTS.base_url), (["--base-url", "https://chat.test/openai/v1/"], "https://chat.test/openai/v1")],
)
def test_the_proof_asks_where_the_stack_is_or_where_it_is_told(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch, options: list[str], base_url: str
) -> None:
    asked: list[Gateway] = []

    def prove(gateway: Gateway, _: boto3.Session, **_options: object) -> Iterator[Probe]:
        asked.append(gateway)
        yield HOLDS

    monkeypatch.setattr("guardrail_proof.proof.prove", prove)
    assert run("prove", "--canary", "word", "--model", "m", *options).exit_code == 0
    assert (asked[0].base_url, asked[0].canary, asked[0].model) == (base_url, "word", "m")


@pytest.mark.parametrize(
    ("of_stack", "options", "model"),
    [
        (None, [], None),
        ("amazon.nova-lite-v1:0", [], "amazon.nova-lite-v1:0"),
        ("amazon.nova-lite-v1:0", ["--converse-model", "meta.llama"], "meta.llama"),
    ],
)
def test_proof_of_converse(
    session: boto3.Session,
    monkeypatch: pytest.MonkeyPatch,
    of_stack: str | None,
    options: list[str],
    model: str | None,
) -> None:
    """The proof tries the model of the option, else the stack's, else none."""
    asked: list[Gateway] = []

    def prove(gateway: Gateway, _: boto3.Session, **_options: object) -> Iterator[Probe]:
        asked.append(gateway)
        yield HOLDS

    outputs = replace(OUTPUTS, proof_converse_model=of_stack)
    monkeypatch.setattr(stack_outputs, "read", lambda *_: outputs)
    monkeypatch.setattr("guardrail_proof.proof.prove", prove)
    assert run("prove", *options).exit_code == 0
    assert asked[0].converse_model == model


PLAN = Plan(names=("fast",), untried=(), models={"native": "m"}, regions=())


@pytest.mark.parametrize(
    ("outputs", "options", "model"),
    [
        (OUTPUTS, [], proof.MODEL),
        (replace(OUTPUTS, proof_model="fast"), [], "fast"),
        (replace(OUTPUTS, proof_model="fast"), ["--model", "good"], "good"),
    ],
)
def test_proof_of_names(
    session: boto3.Session,
    monkeypatch: pytest.MonkeyPatch,
    outputs: stack_outputs.StackOutputs,
    options: list[str],
    model: str,
) -> None:
    """The proof uses the model of the option, else the stack's, which may be a name, and tries the stack's plan."""
    asked: list[Gateway] = []

    def prove(gateway: Gateway, _: boto3.Session, **_options: object) -> Iterator[Probe]:
        asked.append(gateway)
        yield HOLDS

    outputs = replace(outputs, proof_plan=PLAN.to_text())
    monkeypatch.setattr(stack_outputs, "read", lambda *_: outputs)
    monkeypatch.setattr("guardrail_proof.proof.prove", prove)
    assert run("prove", *options).exit_code == 0
    assert (asked[0].model, asked[0].plan) == (model, PLAN)


def test_a_plan_of_another_version_is_an_error(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof does not leave out what it cannot read."""
    monkeypatch.setattr(stack_outputs, "read", lambda *_: replace(OUTPUTS, proof_plan="[]"))
    result = run("prove")
    assert result.exit_code == 1
    assert "cannot read the stack's output ProofPlan" in result.output
