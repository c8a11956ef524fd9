"""`jobs results --expect` finds the record of its submission."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway_cli.jobs import submission_record
from gateway_cli.jobs.submission_record import RecordInUseError
from tests.unit.gateway_cli.jobs.batch_lines import job
from tests.unit.gateway_cli.jobs.collecting import answer, collect, collected, submitted
from tests.unit.gateway_cli.jobs.conftest import Run
from tests.unit.gateway_cli.jobs.fake_records import FakeRecords
from tests.unit.gateway_cli.jobs.fake_sqs import FakeSqs

pytestmark = pytest.mark.usefixtures("impatient")


def forget(_: FakeSqs) -> None:
    Path("in.jsonl.dev.submitted").unlink()


def change(_: FakeSqs) -> None:
    with Path("in.jsonl").open("a") as file:
        file.write(job("another") + "\n")


def spoil(_: FakeSqs) -> None:
    Path("in.jsonl.dev.submitted").write_text("Dear diary, " * 100)


def empty(_: FakeSqs) -> None:
    Path("in.jsonl.dev.submitted").write_bytes(b"")


def make_anew(sqs: FakeSqs) -> None:
    made_anew = {"Attributes": {"QueueArn": "arn:jobs", "CreatedTimestamp": "2"}}
    sqs.get_queue_attributes = lambda **_: made_anew  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("spoiled", "told"),
    [
        (forget, "in.jsonl.dev.submitted does not exist"),
        (change, "the file has changed since"),
        (spoil, "is not a submission's record"),
        (empty, "cannot be used as the record"),
        (make_anew, "it was sent to another queue"),
    ],
)
def test_without_its_record_nothing_is_collected(
    run: Run, sqs: FakeSqs, records: FakeRecords, spoiled: Callable[[FakeSqs], None], told: str
) -> None:
    """Without the record, the command knows no keys; it fails and leaves the results file alone."""
    answer(records, submitted(run, sqs, 2))
    spoiled(sqs)
    done = collect(run)
    assert done.exit_code == 1
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert records.asked == []
    assert not Path("out.jsonl").exists()


def test_a_running_submission_is_waited_for(
    run: Run, sqs: FakeSqs, records: FakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While `jobs submit` holds the record, the command waits, since more lines may be sent."""
    lines = answer(records, submitted(run, sqs, 2))
    holder = sqlite3.connect("in.jsonl.dev.submitted", isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr(submission_record, "BUSY_S", 0)
    refusals = []

    def released(error: sqlite3.Error, path: Path) -> RecordInUseError:
        refusals.append(error.sqlite_errorname)
        if len(refusals) == 3:
            holder.close()
        return RecordInUseError(str(path))

    monkeypatch.setattr(submission_record, "as_record_error", released)
    done = collect(run)
    assert done.exit_code == 0, done.output
    assert refusals == ["SQLITE_BUSY"] * 3
    assert done.stderr.count("Waiting until that process has ended.") == 1
    assert collected() == sorted(lines)


def test_a_killed_submitters_record_is_read(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """A killed submitter's last changes, which SQLite keeps beside the record, are read too."""
    answer(records, submitted(run, sqs, 2))
    script = (
        "import sqlite3, os; d = sqlite3.connect('in.jsonl.dev.submitted', isolation_level=None);"
        "d.execute('PRAGMA locking_mode=EXCLUSIVE');"
        "d.execute('DELETE FROM accepted WHERE line = 2'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    assert Path("in.jsonl.dev.submitted-wal").stat().st_size
    said = json.loads(collect(run, "--json").stdout)
    assert (said["expected"], said["unsent"]) == (1, 1)


def test_a_record_is_read_where_nothing_may_be_written(
    run: Run, sqs: FakeSqs, records: FakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record in a folder without write permission is opened read-only."""
    lines = answer(records, submitted(run, sqs, 2))
    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)
    opened: list[str] = []
    connect = sqlite3.connect

    def noting(url: str, **options: Any) -> sqlite3.Connection:
        opened.append(url)
        connection: sqlite3.Connection = connect(url, **options)
        return connection

    monkeypatch.setattr(sqlite3, "connect", noting)
    assert collect(run).exit_code == 0
    assert [url for url in opened if url.endswith("?mode=ro&immutable=1")]
    assert collected() == sorted(lines)
