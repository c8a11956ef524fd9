"""Runs `chat-gateway` in this process, with the variables that docs/local.md names for the local stack."""

from __future__ import annotations

from click.testing import CliRunner, Result

from gateway_cli.command import cli
from local.aws import environment
from local.aws.deployment import ENVIRONMENT_NAME
from local.stack.local_stack import LocalStack


def run(stack: LocalStack, *arguments: str, **variables: str) -> Result:
    """Runs a command for the environment `local`. `variables` replace the local stack's."""
    env = {**environment.aws(stack.aws_endpoint_url), "NO_PROXY": "127.0.0.1,localhost", **variables}
    return CliRunner().invoke(cli, [*arguments, "--env", ENVIRONMENT_NAME], env=env)
