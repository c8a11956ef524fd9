"""Takes results from the results queue."""

from __future__ import annotations

from pathlib import Path

from click.testing import Result

from tests.unit.gateway_cli.jobs.conftest import Run
from tests.unit.gateway_cli.jobs.fake_sqs import FakeSqs


def put(sqs: FakeSqs, *lines: str) -> None:
    for line in lines:
        sqs.put("results", line)


def out_lines() -> list[str]:
    return sorted(Path("out.jsonl").read_text().splitlines())


def receive(run: Run, *options: str) -> Result:
    return run("results", "--out", "out.jsonl", "--all", "--idle-s", "0.2", *options)
