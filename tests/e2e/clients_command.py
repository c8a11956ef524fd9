"""`chat-gateway clients …`, `usage …` and `files …` against the local stack."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from gateway_cli.command import cli
from local.aws import environment
from local.aws.deployment import ENVIRONMENT_NAME
from local.stack.local_stack import LocalStack


def run(stack: LocalStack, *arguments: str) -> Result:
    """The clients command, ended."""
    return _run(stack, "clients", *arguments)


def files(stack: LocalStack, *arguments: str) -> Result:
    """The files command, ended."""
    return _run(stack, "files", *arguments)


def usage(stack: LocalStack, by: str, *options: str) -> dict[str, dict[str, Any]]:
    """The rows of `usage` by their key."""
    result = _run(stack, "usage", "--by", by, *options, "--json")
    assert result.exit_code == 0, result.output
    return {row[by]: row for row in map(json.loads, result.stdout.splitlines())}


def _run(stack: LocalStack, *arguments: str) -> Result:
    """The command, ended, with the variables that docs/local.md names."""
    env = {**environment.aws(stack.aws_endpoint_url), "NO_PROXY": "127.0.0.1,localhost"}
    return CliRunner().invoke(cli, [*arguments, "--env", ENVIRONMENT_NAME], env=env)


def succeeded(stack: LocalStack, *arguments: str) -> str:
    """Standard output of a command that succeeds."""
    result = run(stack, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def created(stack: LocalStack, client_id: str, *options: str) -> str:
    """The key of a new client."""
    return succeeded(stack, "create", client_id, *options)
