"""Starts functions as Lambda does: each in its own process, with its package as the task root, under the Runtime API."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.managed_runtime import ManagedRuntime
from benchmarks.packages import Package
from infra.functions.function_packages import STREAMING_START
from infra.settings import memory_sizes
from tests.runtime_api import RuntimeApiServer, RuntimeProcess


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A deployment package, its handler (`module.function`) and its environment variables.

    With `streams`, the package's own `streaming_start` starts the function, else awslambdaric does.
    """

    name: str
    package: Package
    handler: str
    env: Mapping[str, str]
    streams: bool = False
    streaming_start: str = STREAMING_START
    has_bytecode: bool = True

    @property
    def task_root(self) -> Path:
        return self.package.folder if self.has_bytecode else self.package.sources_only

    def without_bytecode(self) -> Function:
        return replace(self, has_bytecode=False)

    def command(self, python: Path) -> Sequence[str]:
        """The command with which Lambda starts the function."""
        if self.streams:
            return [str(self.task_root / self.streaming_start), str(python), "/var/runtime/bootstrap.py"]
        return [str(python), "-m", "awslambdaric", self.handler]


@dataclass(frozen=True, slots=True)
class Running:
    """A function's process. `spawned_s` (time.monotonic) is the time just before the start."""

    function: Function
    api: RuntimeApiServer
    process: RuntimeProcess
    spawned_s: float


def go_on(_: int) -> None:
    """Does nothing after a function's initialisation."""


@contextmanager
def running(function: Function, api: RuntimeApiServer, runtime: ManagedRuntime) -> Iterator[Running]:
    """Runs the function during the block. It gets its events from `api`."""
    env = environment(function, api.address, runtime)
    with tempfile.TemporaryDirectory() as output:
        spawned_s = time.monotonic()
        process = RuntimeProcess(function.command(runtime.python), env, function.task_root, Path(output))
        try:
            yield Running(function, api, process, spawned_s)
        finally:
            process.kill()


def environment(function: Function, api_address: str, runtime: ManagedRuntime) -> dict[str, str]:
    """The variables of the function's process, as Lambda sets them."""
    # Our start script puts the task root first in sys.path. On Lambda, bootstrap.py does this for other functions.
    search_path = str(runtime.folder) if function.streams else f"{function.task_root}:{runtime.folder}"
    return {
        "PATH": f"{runtime.python.parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": search_path,
        "PYTHONDONTWRITEBYTECODE": "1",  # /var/task is read-only
        "AWS_LAMBDA_RUNTIME_API": api_address,
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": str(function.task_root),
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "7",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_sizes.CHAT_MIB),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/[7]abc",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        **function.env,
    }
