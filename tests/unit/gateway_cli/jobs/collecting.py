"""Submits a file, answers its jobs, and collects the answers."""

from __future__ import annotations

from pathlib import Path

from click.testing import Result

from tests.unit.gateway_cli.jobs.batch_lines import job, result_of, write
from tests.unit.gateway_cli.jobs.conftest import Run
from tests.unit.gateway_cli.jobs.fake_records import FakeRecords
from tests.unit.gateway_cli.jobs.fake_sqs import FakeSqs


def submitted(run: Run, sqs: FakeSqs, count: int, *options: str) -> list[str]:
    """Sends in.jsonl with the lines `job-0` and so on. Returns the keys of its jobs, in order."""
    write(Path("in.jsonl"), [job(f"job-{number}") for number in range(count)])
    sqs.queues["jobs"] = []
    done = run("submit", "in.jsonl", *options)
    assert done.exit_code == 0, done.output
    keys = [message.attributes["idempotency_key"]["StringValue"] for message in sqs.queues["jobs"]]
    return sorted(keys, key=lambda key: int(key.partition("-")[2]))


def answer(records: FakeRecords, keys: list[str], text: str = "Hello") -> list[str]:
    """Stores answers for these jobs, which are the first of their submission; returns the lines."""
    lines = [result_of(key, f"job-{number}", text) for number, key in enumerate(keys)]
    for key, line in zip(keys, lines, strict=True):
        records.answer(key, line)
    return lines


def collect(run: Run, *options: str, idle_s: float = 0.1) -> Result:
    return run("results", "--expect", "in.jsonl", "--out", "out.jsonl", "--idle-s", str(idle_s), *options)


def collected() -> list[str]:
    return sorted(Path("out.jsonl").read_text().splitlines())
