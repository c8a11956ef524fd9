"""The command `python -m local.bedrock_standin --port N`, which serves a stand-in for Bedrock: chat completions and Converse."""

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
    """The arguments, with defaults from the environment. Exits with status 2 if an argument is wrong."""
    env = os.environ.get
    parser = argparse.ArgumentParser(prog="python -m local.bedrock_standin", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--api-key",
        default=env("STANDIN_API_KEY"),
        help="the accepted API key; set STANDIN_API_KEY instead to hide the key from ps",
    )
    parser.add_argument(
        "--aws-endpoint-url", help="URL of the local AWS emulator, which evaluates guardrails"
    )
    parser.add_argument("--region", default="us-east-1", help="the region that signatures must have")
    parser.add_argument(
        "--generator",
        default="model",
        help="echo, model, or the base URL of another server, such as http://localhost:11434/v1",
    )
    parser.add_argument(
        "--generator-model", default=env("STANDIN_GENERATOR_MODEL"), help="the model to use on that server"
    )
    arguments = parser.parse_args(argv)
    if not arguments.api_key:
        parser.error("an API key is missing: set STANDIN_API_KEY or use --api-key")
    if arguments.generator not in ("echo", "model") and "://" not in arguments.generator:
        parser.error("--generator must be echo, model or a URL")
    return arguments


def make_generator(name: str, model: str | None) -> Generator:
    """The generator that `--generator` names."""
    if name == "echo":
        return EchoGenerator()
    if name == "model":
        from local.bedrock_standin.generators.model import ModelGenerator

        return ForcedToolCalls(ModelGenerator())
    return HttpGenerator(name, model)  # the other server calls tools itself


def main() -> None:
    """Serves until SIGTERM or SIGINT, then exits with 0. Exits with 1 if the generator cannot be reached."""
    arguments = read_arguments()
    if "://" in arguments.generator:
        try:
            check_reachable(arguments.generator)
        except UnreachableError as error:
            sys.exit(f"error: no server answers at {arguments.generator}: {error}")
    for number in (signal.SIGTERM, signal.SIGINT):
        # After its shutdown, uvicorn raises the signal again for these handlers.
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
