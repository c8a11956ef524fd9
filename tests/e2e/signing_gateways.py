"""Deploys the gateways whose callers sign their requests or send JWTs, beside the local stack's own."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from click.testing import CliRunner, Result

from gateway_cli import bedrock_key, stack_outputs
from gateway_cli.command import cli
from gateway_cli.stack_outputs import StackOutputs
from local.aws import environment
from local.machine import paths, processes
from local.stack.local_stack import LocalStack
from tests import console_command
from tests.e2e.client_auth_app import PREFIXES, VARIABLE

_WITHIN_S = 600


class Gateways:
    """The deployed gateways. `iam` and `jwt` are the outputs of their stacks."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self.iam, self.jwt = self._outputs("iam"), self._outputs("jwt")
        for outputs in (self.iam, self.jwt):
            bedrock_key.put(stack.session(), outputs.bedrock_api_key_secret(), stack.bedrock_api_key)

    def run(self, kind: str, *arguments: str, **variables: str) -> Result:
        """A command for one of the gateways."""
        env = {
            **environment.aws(self._stack.aws_endpoint_url),
            "NO_PROXY": "127.0.0.1,localhost",
            **variables,
        }
        options = ("--env", "local", "--stack", f"{PREFIXES[kind]}-local")
        return CliRunner().invoke(cli, [*arguments, *options], env=env)

    def session(self, role: str) -> boto3.Session:
        """A session of a new IAM role of that name."""
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
        arn = (
            self._stack.session()
            .client("iam")
            .create_role(
                RoleName=role,
                Path="/callers/",
                AssumeRolePolicyDocument=json.dumps({**trust, "Version": "2012-10-17"}),
            )["Role"]["Arn"]
        )
        assumed = self._stack.session().client("sts").assume_role(RoleArn=arn, RoleSessionName="a-session")
        found = assumed["Credentials"]
        return boto3.Session(
            found["AccessKeyId"],
            found["SecretAccessKey"],
            found["SessionToken"],
            region_name=environment.REGION,
        )

    def _outputs(self, kind: str) -> StackOutputs:
        return stack_outputs.read(self._stack.session(), "local", f"{PREFIXES[kind]}-local")


@contextmanager
def deployed(stack: LocalStack, folder: Path, jwt: dict[str, Any]) -> Iterator[Gateways]:
    """Both gateways, with `jwt` as the settings of tokens. They stay until the emulator ends."""
    given = {
        "upstream_url": stack.upstream_url,
        "aws_endpoint_url": stack.aws_endpoint_url,
        "guardrail": {
            "kind": "existing",
            "identifier": stack.guardrail_identifier,
            "version": stack.guardrail_version,
        },
        "jwt": jwt,
    }
    env = {
        **environment.for_tools(stack.aws_endpoint_url),
        "PYTHONPATH": console_command.PYTHONPATH,
        "CDK_HOME": str(stack.state.cdk_home),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
        "NODE_NO_WARNINGS": "1",
        VARIABLE: json.dumps(given),
    }
    app = f"{sys.executable} -m tests.e2e.client_auth_app"
    command: list[str | Path] = [
        paths.CDK,
        "deploy",
        "--all",
        "--app",
        app,
        "--output",
        str(folder / "cdk.out"),
    ]
    options = ["--require-approval", "never", "--method", "direct", "--no-notices", "--no-color"]
    with processes.running(
        "cdk deploy", [*command, *options], log_file=folder / "cdk.log", env=env, cwd=paths.ROOT
    ) as process:
        processes.finish(process, within_s=_WITHIN_S)
    yield Gateways(stack)
