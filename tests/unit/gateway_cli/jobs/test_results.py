"""A result leaves the queue only when it is on disk, once and complete."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from gateway_cli.jobs import aws_clients
from tests.unit.gateway_cli.jobs.batch_lines import job, result, result_of, write
from tests.unit.gateway_cli.jobs.conftest import Run
from tests.unit.gateway_cli.jobs.fake_s3 import FakeS3
from tests.unit.gateway_cli.jobs.fake_sqs import FakeSqs
from tests.unit.gateway_cli.jobs.receiving import out_lines, put, receive


def test_all_that_was_counted_is_written_once_and_repeats_are_removed(run: Run, sqs: FakeSqs) -> None:
    lines = [result(number) for number in range(40)]
    put(sqs, *lines[:30], *lines[:10], *lines[30:])
    done = receive(run, "--count", "40", "--json")
    assert done.exit_code == 0, done.output
    assert out_lines() == sorted(lines)
    assert json.loads(done.stdout)["new"] == 40


@pytest.mark.parametrize("custom_id", [17, 1.5, None])
def test_a_custom_id_may_be_a_number(run: Run, sqs: FakeSqs, custom_id: float | None) -> None:
    """A custom_id may be a number, or be missing."""
    line = result_of("1", custom_id)
    put(sqs, line)
    assert receive(run).exit_code == 0
    assert out_lines() == [line]


def test_no_more_than_the_count_is_taken(run: Run, sqs: FakeSqs) -> None:
    put(sqs, *(result(number) for number in range(40)))
    assert receive(run, "--count", "13").exit_code == 0
    assert len(out_lines()) == 13
    assert len(sqs.visible("results")) == 27


def test_the_summary_tells_what_came(run: Run, sqs: FakeSqs) -> None:
    """The summary counts new results, and counts earlier ones only as part of the file."""
    write(Path("out.jsonl"), [result(number) for number in range(5)])
    put(sqs, *(result(number) for number in range(4, 20)))
    done = receive(run, "--count", "15", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {
        "new": 15,
        "repeats": 1,
        "conflicts": 0,
        "first_conflicts": [],
        "left_in_queue": [],
        "in_file": 20,
    }


def test_fewer_than_the_count_are_told(run: Run, sqs: FakeSqs) -> None:
    """The command ends with status 3 if no more results arrive."""
    put(sqs, result(1), result(1))
    done = receive(run, "--count", "2")
    assert done.exit_code == 3
    assert done.stdout == "1 new results, 1 repeats. The file has 1 results.\n"
    assert "No new result for 0.2 s." in done.stderr
    assert sqs.bodies("results") == []


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--record", "record"],
        ["--all", "--record", "record"],
        ["--all", "--expect", "in.jsonl"],
        ["--count", "1", "--expect", "in.jsonl"],
    ],
)
def test_results_come_from_one_source(run: Run, sqs: FakeSqs, options: list[str]) -> None:
    """The command line must name one source of results, so that nobody takes others' results by omission."""
    write(Path("in.jsonl"), [job("job-1")])
    put(sqs, result(1))
    done = run("results", "--out", "out.jsonl", *options)
    assert done.exit_code == 2
    assert "--expect" in done.stderr
    assert not Path("out.jsonl").exists()
    assert sqs.queues["results"][0].receives == 0


def test_a_line_is_on_disk_before_its_message_is_deleted(
    run: Run, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = sqs.delete_message_batch
    synced: list[int] = []
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(descriptor)

    def deleting(*, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803
        on_disk = Path("out.jsonl").read_text()
        assert synced
        for entry in Entries:
            (message,) = [held for held in sqs.queues["results"] if held.handle == entry["ReceiptHandle"]]
            assert message.body in on_disk
        return delete(QueueUrl=QueueUrl, Entries=Entries)

    monkeypatch.setattr(os, "fsync", noting)
    monkeypatch.setattr(sqs, "delete_message_batch", deleting)
    put(sqs, *(result(number) for number in range(25)))
    assert receive(run, "--count", "25").exit_code == 0


def test_two_different_lines_with_one_id_are_told_and_both_kept(run: Run, sqs: FakeSqs) -> None:
    put(sqs, result(1, "one"), result(1, "two"))
    done = receive(run)
    assert done.exit_code == 1
    assert "result batch_req_1 came with two different lines" in done.stderr
    assert sorted(Path("out.jsonl.conflicts").read_text().splitlines()) == sorted(
        [result(1, "one"), result(1, "two")]
    )
    assert sqs.bodies("results") == []


def pointer(number: int, location: str) -> str:
    response = {"status_code": 200, "request_id": "r", "body": None}
    return result(number, response=response, result_location=location)


def test_a_large_result_is_fetched_and_written_whole(run: Run, sqs: FakeSqs, s3: FakeS3) -> None:
    whole = result(1, "x" * 2_000_000)
    s3.objects["results/batch_req_1.json"] = whole.encode()
    line = pointer(1, "s3://large-results/results/batch_req_1.json")
    put(sqs, line, line)
    assert receive(run).exit_code == 0
    assert out_lines() == [whole]


class Endless:
    """An S3 object without an end; counts the bytes read."""

    def __init__(self) -> None:
        self.read_bytes = 0
        self.is_closed = False

    def read(self, amount: int) -> bytes:
        self.read_bytes += amount
        return bytes(amount)

    def close(self) -> None:
        self.is_closed = True


def test_larger_than_any_result_is_left(run: Run, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most 64 MiB of an S3 object are read; a larger one's message stays in the queue and is reported."""
    body = Endless()
    monkeypatch.setattr(FakeS3, "get_object", lambda *_, **__: {"Body": body})
    monkeypatch.setattr(aws_clients, "s3", lambda *_, **__: FakeS3())
    line = pointer(1, "s3://large-results/results/1.json")
    put(sqs, line)
    done = receive(run)
    assert done.exit_code == 1
    assert "its object in S3 is larger than 64 MiB" in done.stderr
    assert body.read_bytes <= 64 * 1024 * 1024 + 1
    assert body.is_closed
    assert sqs.bodies("results") == [line]


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("s3://another-bucket/results/1.json", "not in the stack's own bucket"),
        ("s3://large-results-2/results/1.json", "not in the stack's own bucket"),
        ("s3://large-results/", "not in the stack's own bucket"),
        ("https://large-results/results/1.json", "not in the stack's own bucket"),
        ("/etc/passwd", "not in the stack's own bucket"),
        ("s3://large-results/results/gone.json", "no longer exists"),
        ("s3://large-results/results/other.json", "not the result of this job"),
        ("s3://large-results/results/pointer.json", "not the result of this job"),
        ("s3://large-results/results/text.json", "not a result"),
    ],
)
def test_a_result_that_lies_elsewhere_is_left_in_the_queue_and_told(
    run: Run, sqs: FakeSqs, s3: FakeS3, location: str, reason: str
) -> None:
    s3.objects = {
        "results/other.json": result(2).encode(),
        "results/pointer.json": pointer(1, "s3://large-results/results/other.json").encode(),
        "results/text.json": b"text",
    }
    put(sqs, pointer(1, location), result(3))
    done = receive(run)
    assert done.exit_code == 1
    assert reason in done.stderr
    assert out_lines() == [result(3)]
    assert sqs.bodies("results") == [pointer(1, location)]


def test_a_message_that_is_no_result_is_left_and_its_text_not_shown(run: Run, sqs: FakeSqs) -> None:
    put(sqs, "a secret", result(1))
    done = receive(run)
    assert done.exit_code == 1
    assert "stays in the results queue: not JSON" in done.stderr
    assert "a secret" not in done.output
    assert sqs.bodies("results") == ["a secret"]


def test_denied_bucket_ends_the_run(run: Run, sqs: FakeSqs, s3: FakeS3) -> None:
    """Without permission to read the bucket, the run ends and gives the messages back."""
    s3.refuses = True
    put(sqs, pointer(1, "s3://large-results/results/1.json"), result(2))
    done = receive(run)
    assert done.exit_code == 1
    assert "AccessDenied" in done.stderr
    assert sorted([*out_lines(), *sqs.bodies("results")]) == sorted(
        [pointer(1, "s3://large-results/results/1.json"), result(2)]
    )
    assert len(sqs.visible("results")) == len(sqs.bodies("results"))


def test_interrupted_it_loses_nothing_and_holds_nothing_back(run: Run, sqs: FakeSqs) -> None:
    lines = [result(number) for number in range(400)]
    put(sqs, *lines)

    def interrupt() -> None:
        if len(sqs.bodies("results")) <= 350:
            sqs.on_receive = lambda: None
            os.kill(os.getpid(), signal.SIGTERM)

    sqs.on_receive = interrupt
    done = receive(run, "--count", "400", "--receivers", "2")
    assert done.exit_code == 130
    assert len(out_lines()) < 400
    assert sorted([*out_lines(), *(message.body for message in sqs.visible("results"))]) == sorted(lines)
    assert receive(run, "--count", str(len(sqs.visible("results")))).exit_code == 0
    assert out_lines() == sorted(lines)


def test_a_result_that_was_written_and_not_deleted_is_not_written_again(run: Run, sqs: FakeSqs) -> None:
    sqs.undeletable = {result(1)}
    put(sqs, result(1), result(2))
    receive(run, "--count", "2")
    assert sqs.bodies("results") == [result(1)]
    sqs.undeletable = set()
    assert receive(run).exit_code == 0
    assert out_lines() == [result(1), result(2)]
    assert sqs.bodies("results") == []


def test_a_half_written_line_of_a_killed_run_is_told_and_comes_again(run: Run, sqs: FakeSqs) -> None:
    Path("out.jsonl").write_text(result(1) + "\n" + result(2)[:50])
    put(sqs, result(2))
    done = receive(run, "--count", "1")
    assert "ended within a line (50 bytes)" in done.stderr
    assert out_lines() == [result(1), result(2)]


def test_a_file_of_something_else_is_an_error_and_nothing_is_received(run: Run, sqs: FakeSqs) -> None:
    Path("out.jsonl").write_text("Dear diary\n")
    put(sqs, result(1))
    done = receive(run)
    assert done.exit_code == 1
    assert "other content than results" in done.stderr
    assert len(sqs.visible("results")) == 1


def test_a_folder_that_does_not_exist_is_an_error_line(run: Run) -> None:
    done = run("results", "--all", "--out", "nowhere/out.jsonl")
    assert done.exit_code == 1
    assert done.stderr == "Error: nowhere/out.jsonl: No such file or directory.\n"
