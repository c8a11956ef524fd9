"""Starts the local stack's processes, waits for them, and stops them with their child processes.

local.machine.supervise ends them when this process ends for any reason.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from local.machine import supervise
from local.machine.failures import CommandFailedError, NotReadyError, ProcessEndedError

_POLL_S = 0.05
_GRACE_S = 5.0
# The supervisor needs neither the environment variables nor site-packages, and starts faster without them.
_SUPERVISED = (sys.executable, "-I", "-S", str(Path(supervise.__file__).resolve()))


@dataclass(frozen=True, slots=True)
class Process:
    """A process in its own process group. `name` is its name in messages.

    `popen` is the process's supervisor, which leads the group and ends with the same status as the process.
    """

    name: str
    popen: subprocess.Popen[bytes]
    log_file: Path

    def check(self) -> None:
        """Raises ProcessEndedError if the process has ended."""
        status = self.popen.poll()
        if status is not None:
            raise ProcessEndedError(
                f"{self.name} stopped by itself (exit status {status}).", log_file=self.log_file
            )


@contextmanager
def running(
    name: str,
    command: Sequence[str | Path],
    *,
    log_file: Path,
    env: Mapping[str, str],
    cwd: Path,
    grace_s: float = _GRACE_S,
) -> Iterator[Process]:
    """Runs the process during the block, and then stops it. Its output is appended to `log_file`."""
    with log_file.open("ab") as log:
        popen = subprocess.Popen(
            [*_SUPERVISED, *(str(part) for part in command)],
            stdin=subprocess.PIPE,  # the system closes it when this process ends
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,  # Ctrl-C reaches only this process, which stops the group
        )
    with popen:
        try:
            yield Process(name, popen, log_file)
        finally:
            stop(popen, grace_s=grace_s)


def stop(popen: subprocess.Popen[bytes], *, grace_s: float = _GRACE_S) -> None:
    """Ends the process and its group with SIGTERM, and after `grace_s` seconds with SIGKILL."""
    deadline = time.monotonic() + grace_s
    _signal_group(popen, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        popen.wait(grace_s)
    while _signal_group(popen, 0) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    _signal_group(popen, signal.SIGKILL)
    popen.wait()


def _signal_group(popen: subprocess.Popen[bytes], number: int) -> bool:
    """Sends the signal. Returns whether the group still has a process."""
    try:
        os.killpg(popen.pid, number)
    except (ProcessLookupError, PermissionError):  # macOS raises it if only zombies are left
        return False
    return True


def wait_until(is_ready: Callable[[], bool], process: Process, *, within_s: float) -> None:
    """Returns when `is_ready()` is true. Raises ProcessEndedError, or NotReadyError after `within_s` seconds."""
    deadline = time.monotonic() + within_s
    while not is_ready():
        process.check()
        if time.monotonic() > deadline:
            raise NotReadyError(
                f"{process.name} was not ready within {within_s:.0f} s.", log_file=process.log_file
            )
        time.sleep(_POLL_S)


def finish(process: Process, *, within_s: float) -> None:
    """Returns when the process has succeeded. Raises CommandFailedError."""
    try:
        status = process.popen.wait(within_s)
    except subprocess.TimeoutExpired:
        raise CommandFailedError(
            f"{process.name} took longer than {within_s:.0f} s.", log_file=process.log_file
        ) from None
    if status != 0:
        raise CommandFailedError(f"{process.name} failed (exit status {status}).", log_file=process.log_file)


def answers(url: str) -> bool:
    """Whether `GET url` returns HTTP 200."""
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
