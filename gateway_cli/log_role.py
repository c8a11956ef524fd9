"""The role by which API Gateway writes logs. An account has one in each region, for all its APIs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import boto3
import click
from botocore.exceptions import ClientError

from gateway_cli import settings_file
from gateway_cli.deployed import told

# Regions share it, because roles belong to no region.
ROLE = "api-gateway-logs"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
_POLICY = "policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
# API Gateway refuses a new role until IAM has made it known everywhere.
_ATTEMPTS, _PAUSE_S = 20, 3.0


class RefusedRoleError(Exception):
    """API Gateway does not accept the role. The message has API Gateway's reason."""


class LogRole(NamedTuple):
    """The role in use. `is_new` if it was set now."""

    arn: str
    is_new: bool


@click.command("log-role")
@click.option("--profile", help="The AWS profile. Default: AWS's usual rules.")
@click.option(
    "--region", help="The AWS region. Default: that of the settings, AWS_REGION, or the profile's region."
)
@click.option("--env", "env_name", required=True, help="The environment, as given to `make deploy`.")
def log_role(*, env_name: str, region: str | None, profile: str | None) -> None:
    """Sets the role by which API Gateway writes logs, if the account has none in this region.

    A role that is set is never replaced. A new role gets the permissions boundary and the tags of the environment's settings.
    """
    with told(RefusedRoleError, env_name=env_name):
        settings = settings_file.read(env_name)
        region = region or settings_file.text(settings, "region") or os.environ.get("AWS_REGION")
        session = boto3.Session(region_name=region, profile_name=profile)
        account = settings_file.table(settings, "account")
        boundary = settings_file.text(account, "permissions_boundary_arn")
        role = ensure(session, boundary=boundary, tags=settings_file.table(account, "tags"))
    done = "now writes logs by the role" if role.is_new else "already has a role for logs, which stays:"
    click.echo(f"API Gateway in {session.region_name} {done} {role.arn}.")


def ensure(
    session: boto3.Session,
    *,
    boundary: str | None = None,
    tags: Mapping[str, str] | None = None,
    pause_s: float = _PAUSE_S,
) -> LogRole:
    """Creates the role and sets it, unless one is set. Raises RefusedRoleError and botocore's exceptions."""
    api_gateway = session.client(cast(Any, "apigateway"))
    present = api_gateway.get_account().get("cloudwatchRoleArn")
    if present:
        return LogRole(present, is_new=False)
    partition = session.get_partition_for_region(session.region_name)
    iam = session.client(cast(Any, "iam"))
    arn = _created(iam, boundary, tags or {})
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=f"arn:{partition}:iam::aws:{_POLICY}")
    _set(api_gateway, arn, pause_s)
    return LogRole(arn, is_new=True)


def _created(iam: Any, boundary: str | None, tags: Mapping[str, str]) -> str:
    """The ARN of the role, which may exist from another region."""
    try:
        created = iam.create_role(
            RoleName=ROLE,
            Description="API Gateway writes the logs of this account's APIs",
            AssumeRolePolicyDocument=json.dumps(_TRUST),
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            **({"PermissionsBoundary": boundary} if boundary else {}),
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
        created = iam.get_role(RoleName=ROLE)
    return str(created["Role"]["Arn"])


def _set(api_gateway: Any, arn: str, pause_s: float) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            api_gateway.update_account(
                patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}]
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "BadRequestException":
                raise
            if attempt == _ATTEMPTS:
                reason = error.response["Error"].get("Message", "")
                raise RefusedRoleError(f"API Gateway refuses the role {arn}: {reason}") from None
            time.sleep(pause_s)
        else:
            return
