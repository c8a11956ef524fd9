"""Bedrock in a second region: another stand-in, with a guardrail that exists only there."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.aws import guardrail, sessions
from local.aws.guardrail import Guardrail
from local.machine.paths import StateFolder
from local.machine.ports import LOOPBACK
from local.stack import standin_process
from local.stack.local_stack import LocalStack
from tests.e2e.standin import StandinControl

NAME = "us-west-2"


@dataclass(frozen=True)
class OtherRegion:
    """The running stand-in. `base_url` ends in /openai/v1."""

    base_url: str
    guardrail: Guardrail
    standin: StandinControl


@contextmanager
def running(stack: LocalStack, folder: Path) -> Iterator[OtherRegion]:
    """Runs the second stand-in during the block, with the stack's Bedrock API key and the stack's guardrail policy."""
    session = sessions.session(stack.aws_endpoint_url, region=NAME)
    made = guardrail.create(session, stack.guardrail_policy, name="elsewhere")
    with (
        standin_process.started(
            StateFolder(folder),
            port=_free_port(),
            api_key=stack.bedrock_api_key,
            aws_endpoint_url=stack.aws_endpoint_url,
            generator="echo",
            region=NAME,
        ) as standin,
        StandinControl(standin.url) as control,
    ):
        standin.wait()
        yield OtherRegion(f"{standin.url}/openai/v1", made, control)


@contextmanager
def refusing() -> Iterator[str]:
    """The base URL of an endpoint that refuses every connection during the block."""
    with socket.socket() as bound:
        bound.bind((LOOPBACK, 0))  # nobody listens here, and nobody else gets the port
        yield f"http://{LOOPBACK}:{bound.getsockname()[1]}/openai/v1"


def _free_port() -> int:
    with socket.create_server((LOOPBACK, 0)) as listening:
        return int(listening.getsockname()[1])
