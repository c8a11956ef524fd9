"""A failure of AWS, the network or the disk is one line that says what to do, never a traceback."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import boto3
import click
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError
from botocore.stub import Stubber
from click.testing import CliRunner, Result

from gateway_cli import stack_outputs
from gateway_cli.deployed import deployed, told
from tests.unit.gateway_cli.outputs import OUTPUTS

DENIED = {"Error": {"Code": "AccessDenied", "Message": "not authorized to perform: sqs:SendMessage"}}


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], Result]:
    """Runs a command that raises."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setattr(stack_outputs, "read", lambda *_: OUTPUTS)

    def run(error: Exception) -> Result:
        @click.command()
        @deployed(KeyError)
        def command(*_: object) -> None:
            raise error

        return CliRunner().invoke(command, ["--env", "dev"])

    return run


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (NoCredentialsError(), "No AWS credentials"),
        (EndpointConnectionError(endpoint_url="https://sqs.test"), "https://sqs.test"),
        (ClientError(DENIED, "SendMessage"), "not authorized to perform: sqs:SendMessage"),  # type: ignore[arg-type]
        (OSError(28, "No space left on device"), "No space left on device."),
        (PermissionError(13, "Permission denied", "in.jsonl"), "in.jsonl: Permission denied."),
        (sqlite3.OperationalError("database or disk is full"), "database or disk is full"),
        (KeyError("its own"), "its own"),
    ],
)
def test_a_failure_is_one_line(failing: Callable[[Exception], Result], error: Exception, says: str) -> None:
    result = failing(error)
    assert result.exit_code == 1
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_fault_of_ours_is_not_hidden(failing: Callable[[Exception], Result]) -> None:
    assert isinstance(failing(AttributeError("a bug")).exception, AttributeError)


def test_a_stack_that_tells_too_little_is_to_be_deployed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    session = boto3.Session("x", "x", region_name="us-east-1")
    cloudformation = session.client("cloudformation")
    monkeypatch.setattr(session, "client", lambda *_: cloudformation)
    stack = {"StackName": "s", "CreationTime": 0, "StackStatus": "ROLLBACK_COMPLETE", "Outputs": []}
    with Stubber(cloudformation) as stub:
        stub.add_response("describe_stacks", {"Stacks": [stack]})
        with pytest.raises(
            stack_outputs.NotDeployedError, match="is ROLLBACK_COMPLETE and has no output 'BaseUrl'"
        ):
            stack_outputs.read(session, "dev")


@pytest.mark.parametrize("error", [NoRegionError(), NoCredentialsError()])
@pytest.mark.parametrize(
    ("env", "said"), [("local", 'eval "$(chat-gateway env --env local)"'), ("dev", "AWS")]
)
def test_variables_that_are_missing(error: Exception, env: str, said: str) -> None:
    """For the local stack, the message names the command that sets them."""
    with pytest.raises(click.ClickException) as caught, told(env_name=env):
        raise error
    assert said in caught.value.message
