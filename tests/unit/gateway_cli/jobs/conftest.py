"""The jobs commands against queues in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway_cli import stack_outputs
from gateway_cli.command import cli
from gateway_cli.jobs import aws_clients, backoff, collection, results_of_submission
from tests.unit.gateway_cli.jobs.fake_records import FakeRecords
from tests.unit.gateway_cli.jobs.fake_s3 import FakeS3
from tests.unit.gateway_cli.jobs.fake_sqs import FakeSqs
from tests.unit.gateway_cli.outputs import OUTPUTS

Run = Callable[..., Result]


@pytest.fixture
def sqs() -> FakeSqs:
    return FakeSqs()


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


@pytest.fixture
def records() -> FakeRecords:
    return FakeRecords()


@pytest.fixture
def run(
    sqs: FakeSqs, s3: FakeS3, records: FakeRecords, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Run:
    """Runs `jobs …` for the environment dev, in an empty folder."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stack_outputs, "read", lambda *_: OUTPUTS)
    monkeypatch.setattr(aws_clients, "sqs", lambda *_, **__: sqs)
    monkeypatch.setattr(aws_clients, "s3", lambda *_, **__: s3)
    monkeypatch.setattr(aws_clients, "dynamodb", lambda *_, **__: records)

    def run(*arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(cli, ["jobs", *arguments, "--env", "dev"], input=stdin)

    return run


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands do not wait."""
    monkeypatch.setattr(backoff, "wait_s", lambda _: 0.0)
    monkeypatch.setattr(collection, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(results_of_submission, "RECORD_IN_USE_WAIT_S", 0.001)
