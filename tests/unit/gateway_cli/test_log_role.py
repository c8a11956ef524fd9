"""The role by which API Gateway writes logs is set once in an account and region."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from gateway_cli import log_role, settings_file
from gateway_cli.command import cli
from gateway_cli.log_role import LogRole, RefusedRoleError
from tests.unit.gateway_cli.doctor.stubbed_aws import StubbedAws

ARN = f"arn:aws:iam::000000000000:role/{log_role.ROLE}"
ROLE = {
    "Role": {
        "Path": "/",
        "RoleName": log_role.ROLE,
        "RoleId": "AROA0123456789ABCDEF",
        "Arn": ARN,
        "CreateDate": "2026-11-27T00:00:00Z",
    }
}


class Session(StubbedAws):
    """AWS with prepared answers, in the partition of China."""

    def get_partition_for_region(self, region: str) -> str:
        """The partition."""
        assert region == self.region_name
        return "aws-cn"

    def expects(self, service: str, operation: str, answer: dict[str, Any], **parameters: Any) -> None:
        """The next call of the service has exactly these parameters."""
        self._stub(service, None)[1].add_response(operation, answer, parameters)


@pytest.fixture
def aws() -> Session:
    return Session()


def ensured(aws: Session, **options: Any) -> LogRole:
    return log_role.ensure(cast(boto3.Session, aws), pause_s=0, **options)


def attached(aws: Session) -> None:
    policy = "arn:aws-cn:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    aws.expects("iam", "attach_role_policy", {}, RoleName=log_role.ROLE, PolicyArn=policy)


def test_a_role_that_is_set_stays(aws: Session) -> None:
    """Nothing is created or changed if the account has a role."""
    aws.answers("apigateway", "get_account", {"cloudwatchRoleArn": "arn:aws:iam::000000000000:role/theirs"})
    assert ensured(aws) == LogRole("arn:aws:iam::000000000000:role/theirs", is_new=False)


def test_a_new_role_follows_the_accounts_rules(aws: Session) -> None:
    """The role has the permissions boundary and the tags. Only API Gateway may assume it."""
    aws.answers("apigateway", "get_account", {})
    boundary = "arn:aws:iam::000000000000:policy/boundary"
    aws.expects(
        "iam",
        "create_role",
        ROLE,
        RoleName=log_role.ROLE,
        Description="API Gateway writes the logs of this account's APIs",
        AssumeRolePolicyDocument=json.dumps(log_role._TRUST),
        Tags=[{"Key": "team", "Value": "chat"}],
        PermissionsBoundary=boundary,
    )
    attached(aws)
    patch = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": ARN}]
    aws.expects("apigateway", "update_account", {}, patchOperations=patch)
    assert ensured(aws, boundary=boundary, tags={"team": "chat"}) == LogRole(ARN, is_new=True)


def test_another_regions_role_is_used(aws: Session) -> None:
    """The role exists already if another region of the account has it."""
    aws.answers("apigateway", "get_account", {})
    aws.fails("iam", "create_role", "EntityAlreadyExists")
    aws.answers("iam", "get_role", ROLE)
    attached(aws)
    aws.answers("apigateway", "update_account", {})
    assert ensured(aws) == LogRole(ARN, is_new=True)


@pytest.mark.parametrize("step", ["create_role", "update_account"])
def test_a_refusal_of_iam_is_told(aws: Session, step: str) -> None:
    """An error that is not about the new role's age ends the command."""
    aws.answers("apigateway", "get_account", {})
    if step == "update_account":
        aws.answers("iam", "create_role", ROLE)
        attached(aws)
        aws.fails("apigateway", step, "AccessDeniedException")
    else:
        aws.fails("iam", step, "AccessDenied")
    with pytest.raises(ClientError):
        ensured(aws)


@pytest.mark.parametrize(("refusals", "is_set"), [(19, True), (20, False)])
def test_a_young_role_is_tried_again(aws: Session, refusals: int, is_set: bool) -> None:
    """API Gateway refuses a role that IAM has not made known everywhere. A minute later, something else is wrong."""
    aws.answers("apigateway", "get_account", {})
    aws.answers("iam", "create_role", ROLE)
    attached(aws)
    for _ in range(refusals):
        aws.fails("apigateway", "update_account", "BadRequestException", "The role ARN is not assumable.")
    aws.answers("apigateway", "update_account", {})
    if is_set:
        assert ensured(aws).is_new
    else:
        with pytest.raises(RefusedRoleError, match="not assumable"):
            ensured(aws)


@pytest.fixture
def invoked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], tuple[str, dict[str, Any]]]:
    """Runs the command with a settings file. Gives its output, and what it asked AWS for."""
    asked: dict[str, Any] = {}

    def ensure(session: boto3.Session, **options: Any) -> LogRole:
        asked.update(options, region=session.region_name)
        return LogRole(ARN, is_new=True)

    def run(settings: str) -> tuple[str, dict[str, Any]]:
        (tmp_path / "team.toml").write_text(settings)
        done = CliRunner().invoke(cli, ["log-role", "--env", "team"])
        assert done.exit_code == 0, done.output
        return done.output, asked

    read = settings_file.read
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setattr(log_role, "ensure", ensure)
    monkeypatch.setattr(settings_file, "read", lambda env: read(env, tmp_path))
    return run


def test_the_command_reads_the_settings(invoked: Callable[[str], tuple[str, dict[str, Any]]]) -> None:
    """Region, boundary and tags are those of the environment's file."""
    output, asked = invoked(
        'region = "eu-central-1"\n[account]\npermissions_boundary_arn = "b"\n[account.tags]\nteam = "chat"'
    )
    assert asked == {"region": "eu-central-1", "boundary": "b", "tags": {"team": "chat"}}
    assert output == f"API Gateway in eu-central-1 now writes logs by the role {ARN}.\n"


@pytest.mark.parametrize("settings", ["", "account = 5", "region = 5\n[account]\ntags = 5"])
def test_without_settings(invoked: Callable[[str], tuple[str, dict[str, Any]]], settings: str) -> None:
    """Without settings, or with wrong ones, the command takes AWS's usual region and no boundary."""
    assert invoked(settings)[1] == {"region": "us-east-1", "boundary": None, "tags": {}}
