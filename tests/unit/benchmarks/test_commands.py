"""Commands that the benchmark runs."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import commands

_POLL_S = 0.01


class StopError(Exception):
    """Takes the place of Ctrl-C, which pytest keeps for itself."""


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGUSR1 interrupts this test."""

    def interrupt(*_: object) -> None:
        raise StopError

    earlier = signal.signal(signal.SIGUSR1, interrupt)
    yield
    signal.signal(signal.SIGUSR1, earlier)


def waits_for_its_end(started: Path) -> bool:
    """Whether the command has printed its process ID, and the main thread waits for the command."""
    frame = sys._current_frames().get(threading.main_thread().ident or 0)
    names = set()
    while frame is not None:
        names.add(frame.f_code.co_name)
        frame = frame.f_back
    return "communicate" in names and started.exists() and started.read_text().endswith("\n")


def runs(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_gives_output_and_status(tmp_path: Path) -> None:
    """Returns the output of both streams, and the exit status."""
    done = commands.run(["sh", "-c", "echo out; echo err >&2; exit 3"], cwd=tmp_path, captures_errors=True)
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")


@pytest.mark.usefixtures("interruptible")
def test_interruption_stops_all_that_was_started(tmp_path: Path) -> None:
    """After an interruption, no process writes into a folder that is about to be removed."""
    started = tmp_path / "pid"

    is_over = threading.Event()

    def interrupt_once_started() -> None:
        while not is_over.wait(_POLL_S):
            if waits_for_its_end(started):
                os.kill(os.getpid(), signal.SIGUSR1)
                return

    interrupter = threading.Thread(target=interrupt_once_started)
    interrupter.start()
    try:
        with pytest.raises(StopError):
            commands.run(["sh", "-c", "sleep 60 & echo $! > pid; wait"], cwd=tmp_path)
    finally:
        is_over.set()
        interrupter.join()
    assert not runs(int(started.read_text()))
