"""Starts runtimes as Lambda does: each in its own process, configured by environment variables."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.runtime_api.server import RuntimeApiServer

_ROOT = Path(__file__).parents[2]
_SOURCES, _STREAMING = _ROOT / "lambda_src", _ROOT / "response-streaming" / "src"
_START = _STREAMING / "response_streaming" / "start"
_PATIENCE_S = 10.0


class RuntimeProcess:
    """A running runtime; `stdout` and `stderr` are its output so far."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], cwd: Path, output: Path) -> None:
        self._stdout, self._stderr = output / "stdout", output / "stderr"
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self._process = subprocess.Popen(
                command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stdout(self) -> str:
        return self._stdout.read_text()

    @property
    def stderr(self) -> str:
        return self._stderr.read_text()

    def wait(self, timeout_s: float = _PATIENCE_S) -> int:
        """The exit status, when the process has ended by itself. Raises subprocess.TimeoutExpired."""
        return self._process.wait(timeout_s)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def streaming_runtime(
    api: RuntimeApiServer,
    *,
    task_root: Path,
    handler: str,
    env: Mapping[str, str] | None = None,
    python: str = sys.executable,
    start: Path = _START,
    as_bootstrap: bool = False,
) -> Iterator[RuntimeProcess]:
    """Runs the streaming loop with the handler in `task_root`, by the script `start`, while the block runs.

    `as_bootstrap`: the script gets no arguments, as in an OS-only runtime.
    """
    command = [str(start)] if as_bootstrap else [str(start), python, "/var/runtime/bootstrap.py"]
    with _running(command, api, task_root, handler, env) as process:
        yield process


@contextmanager
def awslambdaric_runtime(
    api: RuntimeApiServer,
    *,
    task_root: Path,
    handler: str,
    env: Mapping[str, str] | None = None,
    python: str = sys.executable,
) -> Iterator[RuntimeProcess]:
    """Runs AWS's own loop with the handler in `task_root`, while the block runs."""
    command = [python, "-m", "awslambdaric", handler]
    with _running(command, api, task_root, handler, env) as process:
        yield process


@contextmanager
def _running(
    command: Sequence[str],
    api: RuntimeApiServer,
    task_root: Path,
    handler: str,
    env: Mapping[str, str] | None,
) -> Iterator[RuntimeProcess]:
    with tempfile.TemporaryDirectory() as output:
        process = RuntimeProcess(command, _environment(api, task_root, handler, env), task_root, Path(output))
        try:
            yield process
        finally:
            process.kill()


def _environment(
    api: RuntimeApiServer, task_root: Path, handler: str, env: Mapping[str, str] | None
) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{_SOURCES}:{_STREAMING}",  # on Lambda both lie in the task root
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "_HANDLER": handler,
        "LAMBDA_TASK_ROOT": str(task_root),
        "AWS_REGION": "eu-central-1",
        "AWS_LAMBDA_FUNCTION_NAME": "tested",
        "AWS_LAMBDA_FUNCTION_VERSION": "7",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/tested",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/[7]abc",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        **(env or {}),
    }
