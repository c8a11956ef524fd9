"""`python -m local.logs` prints the newest log lines of the running stack's functions."""

from __future__ import annotations

import json
import sys
from typing import NoReturn

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from gateway_cli import stack_outputs
from local.aws import deployment, sessions
from local.demonstration import request_logs
from local.demonstration.request_logs import JsonObject
from local.machine.failures import LocalError, NotRunningError
from local.machine.paths import StateFolder

_NOT_RUNNING = "The local stack is not running. Start it with `make run`."


@click.command()
@click.option(
    "--lines", default=20, show_default=True, type=click.IntRange(min=1), help="The number of lines."
)
def main(*, lines: int) -> None:
    """Prints the newest log lines of the functions that serve requests, jobs and batches, oldest first.

    These are the chat function, the resources function, the worker, the steps of batches and the authorizer.
    """
    try:
        for line in newest(session(StateFolder()), lines):
            click.echo(json.dumps(line, ensure_ascii=False))
    except LocalError as error:
        _fail(str(error))
    except EndpointConnectionError:
        _fail(_NOT_RUNNING)  # the stack was killed and left its stack.json
    except (BotoCoreError, ClientError, stack_outputs.NotDeployedError) as error:
        _fail(f"A call to the local AWS failed: {error}")


def _fail(message: str) -> NoReturn:
    click.echo(f"error: {message}", err=True)
    sys.exit(1)


def session(state: StateFolder) -> boto3.Session:
    """A session of the stack whose state folder is `state`. Raises NotRunningError."""
    try:
        document = json.loads(state.stack_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotRunningError(_NOT_RUNNING) from None
    return sessions.session(document["aws_endpoint_url"])


def newest(session: boto3.Session, count: int) -> list[JsonObject]:
    """The `count` newest JSON lines of these functions, oldest first. Raises NotDeployedError."""
    outputs = stack_outputs.read(session, deployment.ENVIRONMENT_NAME)
    groups = (
        outputs.chat_log_group,
        outputs.resources_log_group,
        outputs.worker_log_group,
        outputs.batch_steps_log_group,
        outputs.authorizer_log_group,
    )
    found = [timed for group in groups if group for timed in request_logs.lines(session, group)]
    return [line for _, line in sorted(found, key=lambda timed: timed[0])][-count:]


if __name__ == "__main__":
    main()
