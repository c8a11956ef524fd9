"""If the disk is full, only data on disk is counted or deleted, and no half line stays."""

from __future__ import annotations

import errno
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway_cli.jobs import results_file
from tests.unit.gateway_cli import subprocesses
from tests.unit.gateway_cli.jobs.batch_lines import job, result, write
from tests.unit.gateway_cli.jobs.collecting import answer, collect, collected, submitted
from tests.unit.gateway_cli.jobs.conftest import Run
from tests.unit.gateway_cli.jobs.fake_records import FakeRecords
from tests.unit.gateway_cli.jobs.fake_sqs import FakeSqs


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which the command runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def jobs(*arguments: str, limit_bytes: int, waiting: list[str] | None = None) -> dict[str, Any]:
    """Runs a jobs command while no file may exceed `limit_bytes`; `waiting` results are in the queue."""
    write(Path("waiting"), waiting or [])
    module = "tests.unit.gateway_cli.jobs.small_disk"
    done = subprocess.run(
        [sys.executable, "-m", module, str(limit_bytes), "waiting", *arguments],
        env=subprocesses.environment(AWS_DEFAULT_REGION="us-east-1"),
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_unwritten_results_stay_in_the_queue() -> None:
    """Results that could not be written are not counted or deleted, and the error names the file."""
    lines = [result(number) for number in range(50)]
    done = jobs("results", "--all", "--out", "out.jsonl", "--json", limit_bytes=4096, waiting=lines)
    assert (done["exit_code"], done["stderr"]) == (1, "Error: out.jsonl: File too large.\n")
    content = Path("out.jsonl").read_text()
    written = content.splitlines()
    assert content.endswith("\n")
    assert 0 < len(written) < 50
    assert sorted([*written, *done["results"]]) == sorted(lines)
    assert done["visible"] == len(done["results"])
    summary = json.loads(done["stdout"])
    assert (summary["new"], summary["in_file"]) == (len(written), len(written))


def test_summary_counts_what_the_file_holds() -> None:
    """The summary for people counts only written results, those of an earlier run included."""
    write(Path("out.jsonl"), [result(1)])
    done = jobs("results", "--all", "--out", "out.jsonl", limit_bytes=200, waiting=[result(2), result(3)])
    assert done["exit_code"] == 1
    assert done["stdout"] == "0 new results, 0 repeats. The file has 1 results.\n"
    assert Path("out.jsonl").read_text() == result(1) + "\n"


def test_unwritten_conflict_stays_in_the_queue() -> None:
    """If a conflict cannot be written, no part of it is, and both messages stay."""
    lines = [result(1, "x" * 3000), result(1, "y" * 3000)]
    done = jobs("results", "--all", "--out", "out.jsonl", limit_bytes=4096, waiting=lines)
    assert (done["exit_code"], done["stderr"]) == (1, "Error: out.jsonl.conflicts: File too large.\n")
    assert Path("out.jsonl.conflicts").read_bytes() == b""
    assert sorted(done["results"]) == sorted(lines)
    assert done["visible"] == 2


def test_unrecorded_lines_do_not_count_as_sent() -> None:
    """Lines that the record could not store are left, and the next run sends them again."""
    write(Path("in.jsonl"), [job(f"job-{number}") for number in range(300)])
    done = jobs("submit", "in.jsonl", "--json", limit_bytes=60_000)
    assert done["exit_code"] == 1
    assert done["stderr"].startswith("Error: in.jsonl.dev.submitted cannot be used as the record: ")
    with sqlite3.connect("in.jsonl.dev.submitted") as record:
        (recorded,) = record.execute("SELECT count(*) FROM accepted").fetchone()
    record.close()
    summary = json.loads(done["stdout"])
    assert 0 < recorded < 300
    assert (summary["sent"], summary["sent_earlier"], summary["left"]) == (recorded, 0, 300 - recorded)
    again = jobs("submit", "in.jsonl", limit_bytes=10_000_000)
    assert again["exit_code"] == 0
    assert len({*done["jobs"], *again["jobs"]}) == 300


@pytest.mark.usefixtures("impatient")
def test_on_a_full_disk_answers_are_missing(
    run: Run, sqs: FakeSqs, records: FakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers that could not be written are not counted, and the next run writes them."""
    lines = answer(records, submitted(run, sqs, 150))
    append, calls = results_file.append, []

    def full(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device", "out.jsonl")
        append(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(results_file, "append", full)
        done = collect(run, "--receivers", "1")
    assert done.exit_code == 1
    assert done.stderr == "Error: out.jsonl: No space left on device.\n"
    assert done.stdout == "100 new results. 50 of 150 sent lines have no result.\n"
    assert collect(run).exit_code == 0
    assert collected() == sorted(lines)
