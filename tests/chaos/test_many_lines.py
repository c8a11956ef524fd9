"""The jobs commands with a hundred thousand lines. A run takes the memory of its process alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.unit.gateway_cli import subprocesses
from tests.unit.gateway_cli.jobs.batch_lines import job, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

_SUBMIT = """
import sys
from pathlib import Path
from gateway_cli.jobs import input_check
from gateway_cli.jobs.interruption import Interruption
from gateway_cli.jobs.submission_record import Identity, SubmissionRecord
from gateway_cli.jobs.submit import Submission

class Taker:
    def send_message_batch(self, *, QueueUrl, Entries):
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

path = Path(sys.argv[1])
with path.open("rb") as file:
    checked = input_check.check(file, read_bytes=lambda _: None, stopped=lambda: False)
    with SubmissionRecord(path.with_suffix(".record"), Identity(checked.sha256, "queue")) as record:
        submission = Submission(Taker(), "queue", checked, record)
        submission.run(Interruption(), senders=4, watch=lambda: None)
print(submission.sent.count)
"""
_COLLECT = """
import json, sys
from pathlib import Path
from gateway_cli.jobs.collection import Collection, Places
from gateway_cli.jobs.expected_lines import ExpectedLines
from gateway_cli.jobs.interruption import Interruption
from gateway_cli.jobs.job_records import JobRecords
from gateway_cli.jobs.results_file import ResultsFile

class Answering:
    def batch_get_item(self, *, RequestItems):
        keys = [key["job"]["S"] for key in RequestItems["table"]["Keys"]]
        lines = [json.dumps({"id": f"batch_req_{key}", "custom_id": key, "text": "x" * 200}) for key in keys]
        items = [{"job": {"S": key}, "answer_line": {"S": line}} for key, line in zip(keys, lines)]
        return {"Responses": {"table": items}}

expected = ExpectedLines(range(1, int(sys.argv[2]) + 1))
with ResultsFile(Path(sys.argv[1])) as file:
    places = Places(records=JobRecords(Answering(), "table"), large=None, file=file)
    collection = Collection(places, "id", expected)
    collection.run(Interruption(), idle_s=1, readers=4, watch=lambda: None)
print(collection.collected.new)
"""


def submitting_kib(path: Path, count: int) -> int:
    """The peak memory of a process that sends that many lines."""
    write(path, [job(f"job-{number}", body={"text": "x" * 200}) for number in range(count)])
    sent, peak = subprocesses.count_and_peak_kib(_SUBMIT, path)
    assert sent == count
    return peak


def collecting_kib(path: Path, count: int) -> int:
    """The peak memory of a process that collects that many answers."""
    new, peak = subprocesses.count_and_peak_kib(_COLLECT, path, count)
    assert new == count
    return peak


def test_submitting_needs_no_more_memory(tmp_path: Path) -> None:
    """100,000 lines take no more memory than 10,000."""
    small = submitting_kib(tmp_path / "small.jsonl", 10_000)
    large = submitting_kib(tmp_path / "large.jsonl", 100_000)
    # SQLite's cache and its write-ahead log's index fill up to what they are allowed.
    assert large - small < 8 * 1024
    assert large < 60 * 1024


def test_collecting_needs_no_more_memory(tmp_path: Path) -> None:
    """100,000 answers take no more memory than 10,000."""
    small = collecting_kib(tmp_path / "small.jsonl", 10_000)
    large = collecting_kib(tmp_path / "large.jsonl", 100_000)
    # SQLite's caches fill up to what they are allowed.
    assert large - small < 10 * 1024
    assert large < 60 * 1024
