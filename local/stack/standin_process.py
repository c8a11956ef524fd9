"""Runs the stand-in for Bedrock's chat completions in its own process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from local.aws import environment
from local.bedrock_standin.generators.http_generator import UnreachableError, check_reachable
from local.machine import paths, processes
from local.machine.failures import SettingError
from local.machine.paths import StateFolder
from local.machine.ports import LOOPBACK
from local.machine.processes import Process

GENERATOR_URL = "LOCAL_UPSTREAM_URL"
_READY_WITHIN_S = 60


@dataclass(frozen=True, slots=True)
class Standin:
    """The started stand-in. It may still be loading its model. `url` has no path."""

    process: Process
    url: str

    def wait(self) -> None:
        """Returns when the stand-in can answer. Raises ProcessEndedError and NotReadyError."""
        processes.wait_until(
            lambda: processes.answers(f"{self.url}/_standin/health"), self.process, within_s=_READY_WITHIN_S
        )


def generator(env: Mapping[str, str] = os.environ) -> str:
    """The generator of completions: the OpenAI-compatible server in LOCAL_UPSTREAM_URL, else `model`.

    Raises SettingError.
    """
    url = env.get(GENERATOR_URL)
    if url and not url.startswith(("http://", "https://")):
        raise SettingError(
            f"{GENERATOR_URL} is {url!r}; it must be a base URL such as http://localhost:11434/v1."
        )
    return url or "model"


def check(generator: str) -> None:
    """Raises SettingError if the generator is a base URL and no server answers there."""
    if "://" not in generator:
        return
    try:
        check_reachable(generator)
    except UnreachableError as error:
        raise SettingError(
            f"{GENERATOR_URL} is {generator!r}, but no server answers there ({error}). Start that server, "
            "correct the URL, or unset the variable to use the built-in model."
        ) from None


@contextmanager
def started(
    state: StateFolder,
    *,
    port: int,
    api_key: str,
    aws_endpoint_url: str,
    generator: str,
    region: str = environment.REGION,
) -> Iterator[Standin]:
    """Runs the stand-in during the block. Call `wait` before you use it. It knows the guardrails of its region only."""
    log_file = state.log("bedrock-standin")
    log_file.unlink(missing_ok=True)
    options = {
        "--port": str(port),
        "--aws-endpoint-url": aws_endpoint_url,
        "--region": region,
        "--generator": generator,
    }
    with processes.running(
        "The Bedrock stand-in",
        [
            sys.executable,
            "-m",
            "local.bedrock_standin",
            *(part for option in options.items() for part in option),
        ],
        log_file=log_file,
        # The key is in the environment, because every user of the machine can read command lines.
        env={**environment.for_tools(aws_endpoint_url), "STANDIN_API_KEY": api_key},
        cwd=paths.ROOT,
    ) as process:
        yield Standin(process, f"http://{LOOPBACK}:{port}")
