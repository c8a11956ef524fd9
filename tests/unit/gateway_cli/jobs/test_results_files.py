"""`jobs results` writes only to regular files, and to none that another stream writes to."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import console_command
from tests.unit.gateway_cli import subprocesses
from tests.unit.gateway_cli.jobs.batch_lines import result, write
from tests.unit.gateway_cli.jobs.conftest import Run
from tests.unit.gateway_cli.jobs.fake_sqs import FakeSqs
from tests.unit.gateway_cli.jobs.receiving import put, receive


def fifo(path: Path) -> None:
    os.mkfifo(path)


def bound_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


def link_to_device(path: Path) -> None:
    path.symlink_to("/dev/null")


@pytest.mark.parametrize("make", [fifo, bound_socket, link_to_device, Path.mkdir])
@pytest.mark.parametrize("option", ["--out", "--expect", "--record"])
def test_only_regular_files_are_used(
    run: Run, sqs: FakeSqs, option: str, make: Callable[[Path], None]
) -> None:
    """A pipe, a socket, a device or a folder is a wrong command line, and nothing is received."""
    make(Path("it"))
    put(sqs, result(1))
    done = run("results", "--out", "out.jsonl", option, "it")
    assert done.exit_code == 2
    (told,) = [line for line in done.stderr.splitlines() if line.startswith("Error:")]
    assert f"Invalid value for '{option}'" in told
    assert "is not a regular file" in told or "is a directory" in told
    assert not Path("out.jsonl").exists()
    assert sqs.queues["results"][0].receives == 0


@pytest.mark.parametrize("make", [fifo, link_to_device, Path.mkdir])
def test_conflicts_need_a_regular_file(run: Run, sqs: FakeSqs, make: Callable[[Path], None]) -> None:
    """If the file for conflicts is not a regular file, that is an error and nothing is received."""
    make(Path("out.jsonl.conflicts"))
    put(sqs, result(1))
    done = receive(run)
    assert done.exit_code == 1
    assert (
        done.stderr
        == "Error: out.jsonl.conflicts is not a regular file, so conflicts could not be written there.\n"
    )
    assert sqs.queues["results"][0].receives == 0


@pytest.mark.parametrize("exists", [True, False])
def test_symlink_to_a_file_is_one(run: Run, sqs: FakeSqs, exists: bool) -> None:
    """Results go to a symlink's target, whether or not the file exists."""
    if exists:
        write(Path("behind.jsonl"), [result(1)])
    Path("out.jsonl").symlink_to("behind.jsonl")
    put(sqs, result(2))
    assert receive(run, "--count", "1").exit_code == 0
    assert Path("behind.jsonl").read_text().splitlines()[-1] == result(2)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_results_do_not_go_where_the_summary_goes(tmp_path: Path, stream: str) -> None:
    """A results file that is also standard output or error is refused: the summary would overwrite results."""
    redirected = tmp_path / "out.jsonl"
    arguments = ("jobs", "results", "--all", "--out", redirected, "--env", "dev")
    with redirected.open("wb") as opened:
        done = subprocess.run(
            [console_command.CHAT_GATEWAY, *arguments],
            env=subprocesses.environment(),
            stdout=opened if stream == "stdout" else subprocess.DEVNULL,
            stderr=opened if stream == "stderr" else subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    said = redirected.read_bytes() if stream == "stderr" else done.stderr
    assert b"is where standard output or standard error goes" in said
