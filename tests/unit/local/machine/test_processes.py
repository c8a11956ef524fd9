"""Processes are waited for, their end is noticed, and they stop with all that they started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.machine import paths, processes
from local.machine.failures import CommandFailedError, NotReadyError, ProcessEndedError
from local.machine.processes import Process

_DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
_PARENT = (
    "import subprocess, sys, time; "
    "child = subprocess.Popen([sys.executable, '-c', sys.argv[1]]); print(child.pid, flush=True); time.sleep(60)"
)
_STARTER = """
import os, pathlib, sys, time
from local.machine import processes
log = pathlib.Path({log!r})
command = [sys.executable, *{arguments!r}]
with processes.running("It", command, log_file=log, env=dict(os.environ), cwd=log.parent) as process:
    print(process.popen.pid, flush=True)
    time.sleep(60)
"""


@contextmanager
def python(code: str, folder: Path, *arguments: str, grace_s: float = 5) -> Iterator[Process]:
    """A Python process that runs `code`."""
    with processes.running(
        "The test process",
        [sys.executable, "-c", code, *arguments],
        log_file=folder / "test.log",
        env=dict(os.environ),
        cwd=folder,
        grace_s=grace_s,
    ) as process:
        yield process


def wait_for_output(process: Process) -> str:
    """The first output of the process."""
    processes.wait_until(lambda: process.log_file.read_text().endswith("\n"), process, within_s=10)
    return process.log_file.read_text()


def runs(pid: int) -> bool:
    """Whether the process with that ID exists and is not a zombie."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def members(group: int) -> list[int]:
    """The processes of the group that are not zombies."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(int(stat.parent.name))
    return found


def test_an_early_exit_is_noticed_at_once(tmp_path: Path) -> None:
    """If a process ends early, the wait ends at once, and the log has its output."""
    started = time.monotonic()
    ended = pytest.raises(ProcessEndedError, match="exit status 3")
    with python("print('no licence'); raise SystemExit(3)", tmp_path) as process, ended as caught:
        processes.wait_until(lambda: False, process, within_s=60)
    assert time.monotonic() - started < 10
    assert caught.value.log_file is not None
    assert "no licence" in caught.value.log_file.read_text()


def test_a_process_that_never_becomes_ready_is_given_up(tmp_path: Path) -> None:
    """The wait for a process ends at its deadline."""
    with python("import time; time.sleep(60)", tmp_path) as process, pytest.raises(NotReadyError):
        processes.wait_until(lambda: False, process, within_s=0.1)


def test_a_process_ends_at_sigterm(tmp_path: Path) -> None:
    """A process that ends at SIGTERM is not killed."""
    with python("import time; print('up', flush=True); time.sleep(60)", tmp_path) as process:
        wait_for_output(process)
    assert process.popen.returncode == -signal.SIGTERM


def test_a_process_deaf_to_sigterm_is_killed(tmp_path: Path) -> None:
    """A process that ignores SIGTERM is killed at a deadline."""
    with python(_DEAF, tmp_path, grace_s=0.2) as process:
        wait_for_output(process)
        started = time.monotonic()
    assert process.popen.returncode == -signal.SIGKILL
    assert time.monotonic() - started < 5


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_a_process_started_does_not_survive_it(tmp_path: Path) -> None:
    """A process's children end with it, also if they ignore SIGTERM or if their parent died first."""
    with python(_PARENT, tmp_path, _DEAF, grace_s=0.2) as process:
        child = int(wait_for_output(process).split()[0])
        assert runs(child)
        process.popen.kill()
        process.popen.wait()
    deadline = time.monotonic() + 5
    while runs(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not runs(child)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_everything_ends_with_a_starter_that_is_killed(tmp_path: Path) -> None:
    """If the starter is killed, all its processes end, even those that ignore SIGTERM."""
    log = tmp_path / "test.log"
    code = _STARTER.format(log=str(log), arguments=["-c", _PARENT, _DEAF])
    deadline = time.monotonic() + 10
    with subprocess.Popen([sys.executable, "-c", code], cwd=paths.ROOT, stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        supervisor = int(starter.stdout.readline())
        while "up" not in log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert len(members(supervisor)) == 3  # the supervisor, the process, and what that started
        starter.kill()
    while members(supervisor):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_command_that_does_not_exist_is_said(tmp_path: Path) -> None:
    """A command that does not exist is reported in the log, as by a shell."""
    log = tmp_path / "test.log"
    with processes.running("It", ["/no/such"], log_file=log, env={}, cwd=tmp_path) as process:
        assert process.popen.wait(10) == 127
    assert log.read_text() == "/no/such: No such file or directory\n"


def test_stopping_a_process_that_has_ended_is_no_error(tmp_path: Path) -> None:
    """A process may end while the block runs."""
    with python("pass", tmp_path) as process:
        process.popen.wait()
    assert process.popen.returncode == 0


def test_a_failed_command_is_an_error(tmp_path: Path) -> None:
    """The error has the command's name and exit status."""
    failed = pytest.raises(CommandFailedError, match=r"The test process failed \(exit status 2\)")
    with python("raise SystemExit(2)", tmp_path) as process, failed:
        processes.finish(process, within_s=10)


def test_a_command_that_takes_too_long_is_an_error(tmp_path: Path) -> None:
    """A command that takes too long is an error, and is stopped when the block ends."""
    too_long = pytest.raises(CommandFailedError, match="took longer")
    with python("import time; time.sleep(60)", tmp_path) as process, too_long:
        processes.finish(process, within_s=0.1)
    assert process.popen.returncode == -signal.SIGTERM


def test_a_port_that_nobody_listens_on_does_not_answer() -> None:
    """A refused connection means "not ready yet", and is not an error."""
    assert not processes.answers("http://127.0.0.1:1/health")
