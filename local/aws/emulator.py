"""Runs ministack, a local AWS in one process. All data is in memory and is lost when ministack stops."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.aws import environment
from local.machine import paths, processes
from local.machine.paths import StateFolder
from local.machine.ports import LOOPBACK
from local.machine.processes import Process

# What the emulator's Python runs.
PROGRAM = ("-m", "ministack")
_READY_WITHIN_S = 30


@contextmanager
def running(state: StateFolder, port: int, program: Sequence[str | Path] = PROGRAM) -> Iterator[Process]:
    """Runs the emulator during the block, which starts when it is ready. Raises ProcessEndedError and NotReadyError."""
    state.log("emulator").unlink(missing_ok=True)
    health_url = f"http://{LOOPBACK}:{port}/_ministack/health"
    with (
        _empty_folder(state.emulator),
        processes.running(
            "The local AWS",
            [paths.EMULATOR_PYTHON, *program],
            log_file=state.log("emulator"),
            env=_environment(state, port),
            cwd=state.emulator,
        ) as process,
    ):
        processes.wait_until(lambda: processes.answers(health_url), process, within_s=_READY_WITHIN_S)
        yield process


@contextmanager
def _empty_folder(path: Path) -> Iterator[None]:
    """An empty folder during the block. The emulator removes only the files of functions that it stopped itself."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _environment(state: StateFolder, port: int) -> dict[str, str]:
    """The emulator's variables: it listens on loopback only, opens no other ports, and writes only to our folder."""
    return {
        **environment.for_emulator(),
        **environment.aws(f"http://{LOOPBACK}:{port}"),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": LOOPBACK,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_ACCOUNT_CONCURRENCY": "1000",  # AWS's default, else a number that depends on this machine
        "TMPDIR": str(state.emulator),
        "STATE_DIR": str(state.emulator / "state"),
        "S3_DATA_DIR": str(state.emulator / "s3"),
    }
