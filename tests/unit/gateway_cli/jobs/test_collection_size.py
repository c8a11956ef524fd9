"""Collects the answers of very many lines."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from gateway_cli.jobs import collection
from gateway_cli.jobs.expected_lines import ExpectedLines
from tests.unit.gateway_cli import subprocesses


def test_waits_grow_with_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait between two reads grows with the missing lines and the reads without news, up to a minute."""
    monkeypatch.setattr(collection, "FIRST_WAIT_S", 0.5)

    def wait_s(missing: int, quiet: int) -> float:
        expected = ExpectedLines(range(missing))
        places: Any = None
        return collection.Collection(places, "id", expected)._wait_s(quiet)

    assert [wait_s(1, quiet) for quiet in (0, 1, 2, 3, 100)] == [0.5, 1, 2, 4, 60]
    assert [wait_s(missing, 0) for missing in (500, 20_000, 100_000)] == [0.5, 20, 60]


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


def peak_kib(path: Path, count: int) -> int:
    new, peak = subprocesses.count_and_peak_kib(_COLLECT, path, count)
    assert new == count
    return peak


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_lines(tmp_path: Path) -> None:
    """100,000 answers take no more memory than 10,000."""
    small, large = peak_kib(tmp_path / "small.jsonl", 10_000), peak_kib(tmp_path / "large.jsonl", 100_000)
    # SQLite's caches fill up to what they are allowed.
    assert large - small < 10 * 1024
    assert large < 60 * 1024
