"""The commands' calls are SQS's and S3's calls, as moto implements them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from moto import mock_aws

from chat_gateway.jobs.lines import JobMessage, KeptLine
from chat_gateway.jobs.records import Claimed, JobRecords
from gateway_cli import stack_outputs
from gateway_cli.command import cli
from gateway_cli.jobs import collection, dead_letters
from tests.unit.chat_gateway.jobs import job_table
from tests.unit.gateway_cli.jobs.batch_lines import job, result, result_of, write
from tests.unit.gateway_cli.outputs import OUTPUTS


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[boto3.Session]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(dead_letters, "POLL_S", 0)
    monkeypatch.chdir(tmp_path)
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        sqs = session.client("sqs")
        urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("jobs", "results", "dead")}
        outputs = replace(
            OUTPUTS,
            jobs_queue_url=urls["jobs"],
            results_queue_url=urls["results"],
            dead_letter_queue_url=urls["dead"],
        )
        session.client("s3").create_bucket(Bucket=outputs.large_results_bucket)
        monkeypatch.setattr(stack_outputs, "read", lambda *_: outputs)
        yield session


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["jobs", *arguments, "--env", "dev"])


def depths() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = json.loads(run("status", "--json").stdout)
    return found


def test_status_counts_what_was_submitted(session: boto3.Session) -> None:
    write(Path("in.jsonl"), [job(f"job-{number}") for number in range(25)])
    done = run("submit", "in.jsonl")
    assert done.exit_code == 0, done.output
    nothing = {"waiting": 0, "in_flight": 0, "delayed": 0}
    assert depths() == {"jobs": {**nothing, "waiting": 25}, "results": nothing, "dead_letters": nothing}
    jobs_row = next(line for line in run("status").stdout.splitlines() if line.startswith("jobs"))
    assert jobs_row.split() == ["jobs", "25", "0", "0"]


def test_results_are_taken_from_queue_and_bucket(session: boto3.Session) -> None:
    url = stack_outputs.read(session, "dev").results_queue_url
    session.client("s3").put_object(Bucket="large-results", Key="results/2.json", Body=result(2).encode())
    for line in (result(1), result(2, result_location="s3://large-results/results/2.json")):
        session.client("sqs").send_message(QueueUrl=url, MessageBody=line)
    done = run("results", "--out", "out.jsonl", "--count", "2", "--receivers", "1")
    assert done.exit_code == 0, done.output
    assert sorted(Path("out.jsonl").read_text().splitlines()) == [result(1), result(2)]
    assert depths()["results"] == {"waiting": 0, "in_flight": 0, "delayed": 0}


def test_records_are_read_as_the_worker_writes_them(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands read the worker's records: answers, one in S3, and a dead letter that a redrive undoes."""
    monkeypatch.setattr(collection, "FIRST_WAIT_S", 0.001)
    outputs = stack_outputs.read(session, "dev")
    write(Path("in.jsonl"), [job(f"job-{number}") for number in range(4)])
    assert run("submit", "in.jsonl").exit_code == 0
    table = job_table.created(session.client("dynamodb"))
    worker = JobRecords(dynamodb=table, table=outputs.job_records_table, kept_for_s=1)
    messages = [as_job(message) for message in received(session, outputs.jobs_queue_url)]
    lines = [result_of(message.key, json.loads(message.body)["custom_id"]) for message in messages]
    for message in messages:
        worker.claim(message, owner="dead", lease_s=-60)
    worker.finish(messages[0], KeptLine(line=lines[0]))
    worker.finish(messages[1], KeptLine(s3_key="results/1.json"))
    session.client("s3").put_object(Bucket="large-results", Key="results/1.json", Body=lines[1].encode())
    worker.bury(messages[2])
    done = run("results", "--expect", "in.jsonl", "--out", "out.jsonl", "--idle-s", "0.1", "--json")
    assert done.exit_code == 3, done.output
    said = json.loads(done.stdout)
    assert sorted(Path("out.jsonl").read_text().splitlines()) == sorted(lines[:2])
    custom_ids = [json.loads(message.body)["custom_id"] for message in messages]
    assert said["dead_letters"]["first_custom_ids"] == [custom_ids[2]]
    assert said["waiting"]["first_custom_ids"] == [custom_ids[3]]
    letter = {"idempotency_key": {"DataType": "String", "StringValue": messages[2].key}}
    session.client("sqs").send_message(
        QueueUrl=outputs.dead_letter_queue_url,
        MessageBody=messages[2].body,
        MessageAttributes=letter,  # type: ignore[arg-type]
    )
    assert run("dead-letters", "redrive").stdout == "1 jobs sent back to the jobs queue.\n"
    done = run("results", "--expect", "in.jsonl", "--out", "out.jsonl", "--idle-s", "0.1", "--json")
    assert json.loads(done.stdout)["waiting"]["count"] == 2
    assert worker.claim(messages[2], owner="heir", lease_s=60) == Claimed(1)


def received(session: boto3.Session, url: str) -> list[Any]:
    answer = session.client("sqs").receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
    )
    return list(answer["Messages"])


def as_job(message: Any) -> JobMessage:
    """As the worker takes it."""
    return JobMessage(
        id=message["MessageId"],
        key=message["MessageAttributes"]["idempotency_key"]["StringValue"],
        sender="",
        receipt_handle=message["ReceiptHandle"],
        body=message["Body"],
        receives=1,
        sent_at_s=0,
    )


def test_dead_letters_are_listed_redriven_and_purged(
    session: boto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = stack_outputs.read(session, "dev").dead_letter_queue_url
    sqs = session.client("sqs")
    attributes = {"last_error_code": {"DataType": "String", "StringValue": "internal_error"}}
    sqs.send_message(QueueUrl=url, MessageBody=job("job-1"), MessageAttributes=attributes)  # type: ignore[arg-type]
    (letter,) = [json.loads(line) for line in run("dead-letters", "list", "--json").stdout.splitlines()]
    assert (letter["custom_id"], letter["attributes"]) == ("job-1", {"last_error_code": "internal_error"})
    done = run("dead-letters", "redrive")
    assert done.stdout == "1 jobs sent back to the jobs queue.\n", done.output
    assert depths()["jobs"]["waiting"] == 1
    assert depths()["dead_letters"] == {"waiting": 0, "in_flight": 0, "delayed": 0}
    sqs.send_message(QueueUrl=url, MessageBody=job("job-2"))
    assert run("dead-letters", "purge", "--yes").exit_code == 0
    assert depths()["dead_letters"]["waiting"] == 0


def test_a_queue_that_is_gone_is_one_line(session: boto3.Session) -> None:
    outputs = stack_outputs.read(session, "dev")
    session.client("sqs").delete_queue(QueueUrl=outputs.jobs_queue_url)
    done = run("status")
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "does not exist" in done.stderr
