"""Command line: `python -m local.bedrock_standin --port N`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from typing import TYPE_CHECKING

import uvicorn

from local.bedrock_standin.credentials.signatures import Signatures
from local.bedrock_standin.generators.echo import EchoGenerator
from local.bedrock_standin.generators.forced_tool_calls import ForcedToolCalls
from local.bedrock_standin.generators.generator import Generator
from local.bedrock_standin.generators.http_generator import HttpGenerator, UnreachableError, check_reachable
from local.bedrock_standin.guardrail.apply_guardrail import EmulatorGuardrails
from local.bedrock_standin.server.app import create_app
from local.bedrock_standin.server.connections import ReachableH11Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

_BACKLOG = 2048
_GRACE_S = 5


def read_arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line, with the environment's defaults. Exits with status 2 on a bad one."""
    env = os.environ.get
    parser = argparse.ArgumentParser(prog="python -m local.bedrock_standin", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--api-key",
        default=env("STANDIN_API_KEY"),
        help="better in STANDIN_API_KEY, where ps does not show it",
    )
    parser.add_argument("--aws-endpoint-url", help="the local AWS emulator that evaluates guardrails")
    parser.add_argument("--region", default="us-east-1", help="the one that signatures must be for")
    parser.add_argument(
        "--generator",
        default="model",
        help="echo, model, or another server's base URL such as http://localhost:11434/v1",
    )
    parser.add_argument(
        "--generator-model", default=env("STANDIN_GENERATOR_MODEL"), help="model to ask that server for"
    )
    arguments = parser.parse_args(argv)
    if not arguments.api_key:
        parser.error("an API key is needed: set STANDIN_API_KEY or give --api-key")
    if arguments.generator not in ("echo", "model") and "://" not in arguments.generator:
        parser.error("--generator is echo, model or a URL")
    return arguments


def make_generator(name: str, model: str | None) -> Generator:
    """The generator that `--generator` names."""
    if name == "echo":
        return EchoGenerator()
    if name == "model":
        from local.bedrock_standin.generators.model import ModelGenerator

        return ForcedToolCalls(ModelGenerator())
    return HttpGenerator(name, model)  # that server calls tools by itself


def main() -> None:
    """Serve until SIGTERM or SIGINT, then exit with status 0; with 1 if the generator cannot be reached."""
    arguments = read_arguments()
    if "://" in arguments.generator:
        try:
            check_reachable(arguments.generator)
        except UnreachableError as error:
            sys.exit(f"error: no generator answers at {arguments.generator}: {error}")
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again for these handlers once it has shut down.
        signal.signal(number, _exit_cleanly)
    access_key_id = os.environ.get("AWS_ACCESS_KEY_ID", "test")
    secret_access_key = os.environ.get("AWS_SECRET_ACCESS_KEY", "test")
    guardrails = EmulatorGuardrails(
        arguments.aws_endpoint_url, arguments.region, access_key_id, secret_access_key
    )
    app = create_app(
        api_key=arguments.api_key,
        generator=make_generator(arguments.generator, arguments.generator_model),
        guardrails=guardrails,
        signatures=Signatures({access_key_id: secret_access_key}, region=arguments.region),
    )
    try:
        uvicorn.run(
            app,
            host=arguments.host,
            port=arguments.port,
            http=ReachableH11Protocol,
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=_GRACE_S,
        )
    finally:
        guardrails.close()


def _exit_cleanly(*_: object) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    main()
