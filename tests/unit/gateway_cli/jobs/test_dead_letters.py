"""Dead letters are listed without their prompts, and sent back without a loss."""

from __future__ import annotations

import errno
import json
import os
import signal
from datetime import UTC, datetime
from typing import Any

import click
import pytest
from botocore.exceptions import ClientError

from tests.unit.gateway_cli.jobs.batch_lines import job
from tests.unit.gateway_cli.jobs.conftest import Run
from tests.unit.gateway_cli.jobs.fake_records import FakeRecords
from tests.unit.gateway_cli.jobs.fake_sqs import FakeSqs

pytestmark = pytest.mark.usefixtures("impatient")

PROMPT = {"model": "m", "messages": [{"role": "user", "content": "my secret"}]}


def put(sqs: FakeSqs, count: int) -> list[str]:
    bodies = [job(f"job-{number}", body=PROMPT) for number in range(count)]
    for body in bodies:
        sqs.put("dead", body, last_error_code="internal_error", last_error_status="500")
    return bodies


def test_the_list_tells_what_failed_and_why_and_never_the_prompt(run: Run, sqs: FakeSqs) -> None:
    put(sqs, 2)
    sqs.put("dead", "my secret is no JSON")
    sqs.put("dead", "\ufeff" + job(17))
    done = run("dead-letters", "list", "--json")
    letters = [json.loads(line) for line in done.stdout.splitlines()]
    assert [letter["custom_id"] for letter in letters] == ["job-0", "job-1", None, "17"]
    first = sqs.queues["dead"][0]
    assert letters[0] == {
        "custom_id": "job-0",
        "message_id": first.id,
        "job_id": None,
        "receives": None,
        "sent_at": datetime.fromtimestamp(first.sent_ms / 1000, UTC).isoformat(timespec="seconds"),
        "attributes": {"last_error_code": "internal_error", "last_error_status": "500"},
    }
    table = run("dead-letters", "list").stdout
    assert "500 internal_error" in table
    assert "my secret" not in done.output + table


# As the worker sends it.
BURIED = {
    "idempotency_key": "0123456789abcdef0123456789abcdef-100000",
    "job_id": "batch_req_0123456789abcdef0123456789abcdef-100000",
    "last_error_class": "UpstreamError",
    "last_error_code": "upstream_credentials_unavailable",
    "last_error_status": "503",
    "bedrock_request_id": "00000000-0000-0000-0000-000000000000",
    "attempts": "5",
    "receives": "7",
    "sent_at": "2026-01-02T03:04:05+00:00",
    "failed_at": "2026-01-03T03:04:05+00:00",
}


def test_times_and_counts_are_the_jobs(run: Run, sqs: FakeSqs) -> None:
    """Sending time and deliveries are the worker's values, even if others have received the letter since."""
    sqs.put("dead", job("job-1"), age_s=60, **BURIED)
    letters = [json.loads(run("dead-letters", "list", "--json").stdout) for _ in range(2)]
    assert letters[0] == letters[1]
    assert (letters[0]["sent_at"], letters[0]["receives"]) == ("2026-01-02T03:04:05+00:00", 7)
    row = run("dead-letters", "list").stdout.splitlines()[1]
    assert row.split()[:4] == ["job-1", "2026-01-02T03:04:05Z", "7", "503"]


def test_a_letter_that_sqs_moved_has_its_jobs_id(run: Run, sqs: FakeSqs) -> None:
    """A letter that SQS moved has the job's attributes and sending time, and no number of deliveries."""
    sqs.put("dead", job("job-1"), idempotency_key="key-1")
    letter = json.loads(run("dead-letters", "list", "--json").stdout)
    assert (letter["job_id"], letter["receives"]) == ("batch_req_key-1", None)
    assert "(unknown)" in run("dead-letters", "list").stdout


def test_no_row_is_wrapped(run: Run, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the output is no terminal, each letter has one line, whatever its texts and the environment's width are."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    long = {**BURIED, "last_error_code": "y" * 128}
    sqs.put("dead", job("x" * 512), age_s=60, **long)
    table = run("dead-letters", "list").stdout
    assert len(table.splitlines()) == 2
    assert "x" * 512 in table
    assert "y" * 128 in table


def test_looking_hides_nothing_and_deletes_nothing(run: Run, sqs: FakeSqs) -> None:
    bodies = put(sqs, 25)
    done = run("dead-letters", "list", "--limit", "12", "--json")
    assert len({json.loads(line)["message_id"] for line in done.stdout.splitlines()}) == 12
    assert [message.body for message in sqs.visible("dead")] == bodies


def test_unwritable_output_hides_nothing(run: Run, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the list cannot be written, the received dead letters are visible again at once."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    bodies = put(sqs, 3)
    with monkeypatch.context() as patch:
        patch.setattr(click, "echo", full)
        done = run("dead-letters", "list", "--json")
    assert (done.exit_code, done.stderr) == (1, "Error: No space left on device.\n")
    assert [message.body for message in sqs.visible("dead")] == bodies


def test_a_table_tells_how_many_more_there_are(run: Run, sqs: FakeSqs) -> None:
    put(sqs, 25)
    assert "There are about 25 dead letters in all." in run("dead-letters", "list").stdout
    assert "in all" not in run("dead-letters", "list", "--limit", "25").stdout


def test_a_custom_id_cannot_steer_the_terminal(run: Run, sqs: FakeSqs) -> None:
    sqs.put("dead", job("\x1b[2J[red]gone"))
    assert "\ufffd[2J[red]gone" in run("dead-letters", "list").stdout


def test_redrive_sends_all_back_without_what_the_last_attempt_left(run: Run, sqs: FakeSqs) -> None:
    bodies = put(sqs, 25)
    sqs.queues["dead"][0].attributes["tenant"] = {"DataType": "String", "StringValue": "a"}
    done = run("dead-letters", "redrive", "--json")
    assert json.loads(done.stdout) == {"moved": 25, "refused": 0, "undeleted": 0}
    assert sqs.bodies("jobs") == bodies
    assert sqs.bodies("dead") == []
    assert sqs.queues["jobs"][0].attributes == {"tenant": {"DataType": "String", "StringValue": "a"}}
    assert sqs.queues["jobs"][1].attributes == {}


def test_redrive_keeps_the_key_alone(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """A job that is sent back keeps its key, so that its answer is found, and neither its failure nor a client."""
    sqs.put("dead", job("job-1"), age_s=60, **BURIED, client="made-up")
    assert run("dead-letters", "redrive").exit_code == 0
    key = {"DataType": "String", "StringValue": BURIED["idempotency_key"]}
    assert sqs.queues["jobs"][0].attributes == {"idempotency_key": key}
    assert records.begun_anew == [BURIED["idempotency_key"]]


def test_without_leave_to_change_records_none_goes(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """A job whose record cannot be changed stays a dead letter, visible at once."""
    records.refuses = True
    sqs.put("dead", job("job-1"), age_s=60, **BURIED)
    done = run("dead-letters", "redrive")
    assert done.exit_code == 1
    assert "AccessDenied" in done.stderr
    assert (sqs.bodies("jobs"), len(sqs.visible("dead"))) == ([], 1)


def test_refused_letters_stay_dead(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """If SQS refuses a job that is sent back, its record says again that it is a dead letter."""
    sqs.put("dead", job("job-1"), age_s=60, **BURIED)
    sqs.on_send = lambda _: {"0": ("InvalidMessageContents", True)}
    assert run("dead-letters", "redrive").exit_code == 1
    assert records.put_back == [(BURIED["idempotency_key"], "message-1", "3")]


@pytest.mark.parametrize(
    "key", [{"DataType": "Binary", "BinaryValue": b"key"}, {"DataType": "String", "StringValue": "k" * 4000}]
)
def test_no_key_blocks_the_others(
    run: Run, sqs: FakeSqs, records: FakeRecords, key: dict[str, object]
) -> None:
    """A letter with an invalid idempotency key is sent back unchanged."""
    put(sqs, 2)
    sqs.queues["dead"][0].attributes["idempotency_key"] = key
    assert run("dead-letters", "redrive").stdout == "2 jobs sent back to the jobs queue.\n"
    assert records.begun_anew == []


def test_receives_may_be_nonsense(run: Run, sqs: FakeSqs) -> None:
    """A letter whose number of deliveries has 5,000 digits is listed without a number."""
    sqs.put("dead", job("job-1"), age_s=60, **{**BURIED, "receives": "9" * 5000})
    assert json.loads(run("dead-letters", "list", "--json").stdout)["receives"] is None


def test_large_dead_letters_go_back_in_batches_that_sqs_takes(run: Run, sqs: FakeSqs) -> None:
    bodies = [job(f"job-{number}", body={"text": "x" * 400_000}) for number in range(5)]
    for body in bodies:
        sqs.put("dead", body)
    assert run("dead-letters", "redrive").stdout == "5 jobs sent back to the jobs queue.\n"
    assert sqs.bodies("jobs") == bodies


def test_a_job_that_fails_again_meanwhile_does_not_go_round_for_ever(run: Run, sqs: FakeSqs) -> None:
    put(sqs, 15)

    def fails_again(entries: list[dict[str, Any]]) -> dict[str, tuple[str, bool]]:
        for entry in entries:
            sqs.put("dead", entry["MessageBody"], age_s=-2)
        return {}

    sqs.on_send = fails_again
    done = run("dead-letters", "redrive")
    assert done.stdout == "15 jobs sent back to the jobs queue.\n"
    assert len(sqs.visible("dead")) == 15


def test_what_sqs_refuses_stays_a_dead_letter(run: Run, sqs: FakeSqs) -> None:
    bodies = put(sqs, 3)
    sqs.on_send = lambda _: {"1": ("InvalidMessageContents", True)}
    done = run("dead-letters", "redrive")
    assert done.exit_code == 1
    assert "SQS refused 1 jobs" in done.stderr
    assert sqs.bodies("jobs") == [bodies[0], bodies[2]]
    assert [message.body for message in sqs.visible("dead")] == [bodies[1]]


def test_when_the_jobs_queue_cannot_be_reached_all_stay_dead_letters(run: Run, sqs: FakeSqs) -> None:
    bodies = put(sqs, 3)

    def refuse(_: Any) -> dict[str, tuple[str, bool]]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "SendMessageBatch")

    sqs.on_send = refuse
    done = run("dead-letters", "redrive")
    assert done.exit_code == 1
    assert "AccessDenied" in done.stderr
    assert [message.body for message in sqs.visible("dead")] == bodies


def test_what_was_sent_and_not_deleted_is_told(run: Run, sqs: FakeSqs) -> None:
    bodies = put(sqs, 2)
    sqs.undeletable = {bodies[0]}
    done = run("dead-letters", "redrive")
    assert "SQS did not delete 1 of these dead letters" in done.stderr
    assert sqs.bodies("jobs") == bodies


def test_interrupted_it_loses_none(run: Run, sqs: FakeSqs) -> None:
    bodies = put(sqs, 40)

    def interrupt(_: Any) -> dict[str, tuple[str, bool]]:
        os.kill(os.getpid(), signal.SIGINT)
        return {}

    sqs.on_send = interrupt
    done = run("dead-letters", "redrive")
    assert done.exit_code == 130
    assert sorted([*sqs.bodies("jobs"), *(message.body for message in sqs.visible("dead"))]) == sorted(bodies)


def test_purge_asks_first(run: Run, sqs: FakeSqs) -> None:
    put(sqs, 2)
    refused = run("dead-letters", "purge", stdin="n\n")
    assert refused.exit_code == 1
    assert "Delete all (about 2) dead letters of dev for good?" in refused.stderr
    assert len(sqs.bodies("dead")) == 2
    assert run("dead-letters", "purge", stdin="y\n").exit_code == 0
    assert sqs.bodies("dead") == []


def test_purge_does_not_ask_where_the_answer_is_given(run: Run, sqs: FakeSqs) -> None:
    put(sqs, 2)
    assert json.loads(run("dead-letters", "purge", "--yes", "--json").stdout) == {"purged": 2}
    assert sqs.bodies("dead") == []


def test_purging_twice_within_a_minute_says_so(
    run: Run, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_soon(**_: Any) -> None:
        raise ClientError(
            {"Error": {"Code": "AWS.SimpleQueueService.PurgeQueueInProgress", "Message": ""}}, "PurgeQueue"
        )

    monkeypatch.setattr(sqs, "purge_queue", too_soon)
    done = run("dead-letters", "purge", "--yes")
    assert done.exit_code == 1
    assert "one purge per minute" in done.stderr
