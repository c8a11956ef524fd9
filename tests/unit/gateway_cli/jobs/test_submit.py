"""Every valid line is sent at least once, a bad file not at all, and a stopped run continues."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.unit.gateway_cli.jobs.batch_lines import job, write
from tests.unit.gateway_cli.jobs.conftest import Run
from tests.unit.gateway_cli.jobs.fake_sqs import FakeSqs

pytestmark = pytest.mark.usefixtures("impatient")


def file_of(count: int, name: str = "in.jsonl") -> Path:
    return write(Path(name), [job(f"job-{number}") for number in range(count)])


def sent_ids(sqs: FakeSqs) -> list[str]:
    return sorted(json.loads(body)["custom_id"] for body in sqs.bodies("jobs"))


def ids(count: int) -> list[str]:
    return sorted(f"job-{number}" for number in range(count))


def test_every_line_is_sent_once_ten_at_a_time(run: Run, sqs: FakeSqs) -> None:
    result = run("submit", str(file_of(95)), "--json")
    assert result.exit_code == 0, result.output
    assert sent_ids(sqs) == ids(95)
    assert sorted(map(len, sqs.sent_batches)) == [5, *[10] * 9]
    summary = json.loads(result.stdout)
    assert summary == {
        "file": "in.jsonl",
        "lines": 95,
        "bad_lines": 0,
        "first_bad_lines": [],
        "sent": 95,
        "sent_earlier": 0,
        "refused": 0,
        "first_refused": [],
        "left": 0,
    }


def test_jobs_of_a_client(run: Run, sqs: FakeSqs) -> None:
    """With --client each message names the client beside its key; without it none does."""
    assert run("submit", str(file_of(2)), "--client", "team-a").exit_code == 0
    assert run("submit", str(file_of(2, "other.jsonl"))).exit_code == 0
    clients = [message.attributes.get("client", {}).get("StringValue") for message in sqs.queues["jobs"]]
    assert clients == ["team-a", "team-a", None, None]


@pytest.mark.parametrize("client_id", ["", "a b", "client#a", "x" * 65])
def test_client_that_cannot_be(run: Run, sqs: FakeSqs, client_id: str) -> None:
    """A client id of the wrong form is a usage error, and nothing is sent."""
    assert run("submit", str(file_of(2)), "--client", client_id).exit_code == 2
    assert sqs.sent_batches == []


def test_a_second_run_sends_nothing(run: Run, sqs: FakeSqs) -> None:
    run("submit", str(file_of(12)))
    result = run("submit", "in.jsonl")
    assert result.stdout == "0 lines sent, 12 sent earlier, 0 left to send, 0 bad.\n"
    assert sent_ids(sqs) == ids(12)


BAD = [job("a"), "not JSON", job("b", method="GET"), "", job("a"), job("c")]


def test_file_with_bad_lines_is_not_sent(run: Run, sqs: FakeSqs) -> None:
    """Nothing of a file with bad lines is sent, and each bad line is reported by its number."""
    result = run("submit", str(write(Path("in.jsonl"), BAD)), "--json")
    assert result.exit_code == 1
    assert sqs.sent_batches == []
    assert result.stderr.splitlines() == [
        "line 2: not JSON: Expecting value at character 1",
        "line 3: 'method' must be POST",
        "line 5: 'custom_id' is the same as in line 1",
        "Error: Nothing was sent: 3 of 5 lines are bad. Correct them, or send the other lines with --skip-bad.",
    ]
    assert [line["number"] for line in json.loads(result.stdout)["first_bad_lines"]] == [2, 3, 5]


def test_the_good_lines_of_a_bad_file_are_sent_if_asked(run: Run, sqs: FakeSqs) -> None:
    result = run("submit", str(write(Path("in.jsonl"), BAD)), "--skip-bad")
    assert result.exit_code == 0
    assert sent_ids(sqs) == ["a", "c"]


def test_of_many_bad_lines_the_first_are_told_and_the_others_counted(run: Run, sqs: FakeSqs) -> None:
    result = run("submit", str(write(Path("in.jsonl"), ["x"] * 500)), "--json")
    assert "… and 480 more bad lines" in result.stderr
    assert len(json.loads(result.stdout)["first_bad_lines"]) == 100


def test_what_sqs_did_not_take_is_sent_again_and_only_that(run: Run, sqs: FakeSqs) -> None:
    failures: list[dict[str, tuple[str, bool]]] = [
        {"0": ("InternalError", False), "3": ("ThrottlingException", True)},
        {"3": ("ServiceUnavailable", False)},
    ]
    sqs.on_send = lambda _: failures.pop(0) if failures else {}
    assert run("submit", str(file_of(10))).exit_code == 0
    assert sent_ids(sqs) == ids(10)
    assert list(map(len, sqs.sent_batches)) == [8, 1, 1]


def test_refused_line_is_sent_by_the_next_run(run: Run, sqs: FakeSqs) -> None:
    """A line that SQS refuses is reported and not repeated, and the next run tries it again."""
    sqs.on_send = lambda _: {"1": ("InvalidMessageContents", True)}
    result = run("submit", str(file_of(3)))
    assert result.exit_code == 1
    assert "line 2: refused by SQS with InvalidMessageContents" in result.stderr
    assert sent_ids(sqs) == ["job-0", "job-2"]
    sqs.on_send = lambda _: {}
    assert run("submit", "in.jsonl").exit_code == 0
    assert sent_ids(sqs) == ids(3)


def test_lasting_failure_ends_the_run(run: Run, sqs: FakeSqs) -> None:
    """A failure that lasts ends the run, and the next run sends only the remaining lines."""

    def down(entries: list[dict[str, Any]]) -> dict[str, tuple[str, bool]]:
        if len(sqs.bodies("jobs")) >= 50:
            raise EndpointConnectionError(endpoint_url="https://sqs.test")
        return {}

    sqs.on_send = down
    result = run("submit", str(file_of(100)))
    assert result.exit_code == 1
    assert "Could not connect" in result.stderr
    assert "Traceback" not in result.output
    assert "50 lines sent, 0 sent earlier, 50 left to send" in result.stdout
    sqs.on_send = lambda _: {}
    assert run("submit", "in.jsonl").exit_code == 0
    assert sent_ids(sqs) == ids(100)


def test_lines_that_are_never_taken_end_the_run_with_the_codes(run: Run, sqs: FakeSqs) -> None:
    sqs.on_send = lambda entries: {entry["Id"]: ("InternalError", False) for entry in entries}
    result = run("submit", str(file_of(3)))
    assert result.exit_code == 1
    assert "InternalError" in result.stderr


def test_what_was_accepted_before_a_later_attempt_failed_is_remembered(run: Run, sqs: FakeSqs) -> None:
    def half(entries: list[dict[str, Any]]) -> dict[str, tuple[str, bool]]:
        if len(entries) < 10:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "SendMessageBatch")
        return {str(position): ("InternalError", False) for position in range(5)}

    sqs.on_send = half
    result = run("submit", str(file_of(10)))
    assert "5 lines sent" in result.stdout
    assert "AccessDenied" in result.stderr
    sqs.on_send = lambda _: {}
    run("submit", "in.jsonl")
    assert sent_ids(sqs) == ids(10)


def test_interrupted_it_ends_in_order_and_the_same_command_sends_the_rest(run: Run, sqs: FakeSqs) -> None:
    def interrupt(_: Any) -> dict[str, tuple[str, bool]]:
        if len(sqs.bodies("jobs")) == 40:
            os.kill(os.getpid(), signal.SIGINT)
        return {}

    sqs.on_send = interrupt
    result = run("submit", str(file_of(400)), "--senders", "2")
    assert result.exit_code == 130
    assert "Run the same command again to send the rest" in result.stderr
    assert len(sent_ids(sqs)) < 400
    sqs.on_send = lambda _: {}
    assert run("submit", "in.jsonl").exit_code == 0
    assert sent_ids(sqs) == ids(400)


@pytest.mark.parametrize("change", ["{}\n", ""])
def test_a_changed_file_is_not_taken_for_the_one_that_was_sent(run: Run, sqs: FakeSqs, change: str) -> None:
    file = file_of(3)
    run("submit", str(file))
    file.write_text(change + job("another") + "\n")
    result = run("submit", str(file), "--skip-bad")
    assert result.exit_code == 1
    assert "the file has changed since" in result.stderr
    assert sent_ids(sqs) == ids(3)


def test_a_queue_made_anew_is_another_queue(run: Run, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch) -> None:
    run("submit", str(file_of(3)))
    made_anew = {"Attributes": {"QueueArn": "arn:jobs", "CreatedTimestamp": "2"}}
    monkeypatch.setattr(sqs, "get_queue_attributes", lambda **_: made_anew)
    result = run("submit", "in.jsonl")
    assert result.exit_code == 1
    assert "another queue" in result.stderr
    assert run("submit", "in.jsonl", "--record", "second").exit_code == 0


def test_a_file_that_is_written_to_while_it_is_sent_ends_the_run(run: Run, sqs: FakeSqs) -> None:
    file = file_of(300)

    def write_to(_: Any) -> dict[str, tuple[str, bool]]:
        with file.open("a") as opened:
            opened.write(job("late") + "\n")
        return {}

    sqs.on_send = write_to
    result = run("submit", str(file))
    assert result.exit_code == 1
    assert "was changed while it was read" in result.stderr
    assert len(sent_ids(sqs)) < 300


def test_two_processes_cannot_submit_one_file_at_once(run: Run, sqs: FakeSqs) -> None:
    file_of(3)
    holder = sqlite3.connect("in.jsonl.dev.submitted", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    result = run("submit", "in.jsonl")
    holder.close()
    assert result.exit_code == 1
    assert "another process is submitting" in result.stderr


def test_a_record_that_is_none_is_left_alone(run: Run, sqs: FakeSqs) -> None:
    Path("notes.txt").write_text("Dear diary, " * 100)
    result = run("submit", str(file_of(3)), "--record", "notes.txt")
    assert result.exit_code == 1
    assert "not a submission's record" in result.stderr
    assert Path("notes.txt").read_text() == "Dear diary, " * 100
    assert sqs.sent_batches == []


def test_unwritable_record_is_an_error(run: Run, sqs: FakeSqs) -> None:
    """A record that cannot be written is an error before anything is sent."""
    result = run("submit", str(file_of(3)), "--record", "nowhere/record")
    assert result.exit_code == 1
    assert "nowhere/record" in result.stderr
    assert sqs.sent_batches == []


def test_an_empty_file_is_sent_completely(run: Run, sqs: FakeSqs) -> None:
    Path("in.jsonl").write_bytes(b"\xef\xbb\xbf\r\n\r\n")
    assert run("submit", "in.jsonl").stdout.startswith("0 lines sent")
    assert sqs.sent_batches == []


@pytest.mark.parametrize("path", ["missing.jsonl", "."])
def test_what_is_no_file_is_refused(run: Run, path: str) -> None:
    result = run("submit", path)
    assert result.exit_code == 2
    assert path in result.stderr


@pytest.mark.parametrize("options", [[], ["--record", "pipe"]])
def test_pipe_is_a_wrong_command_line(run: Run, sqs: FakeSqs, options: list[str]) -> None:
    """A pipe as FILE or record is a wrong command line: FILE is read twice, the record read and written."""
    os.mkfifo("pipe")
    result = run("submit", str(file_of(3)) if options else "pipe", *options)
    assert result.exit_code == 2
    assert "File 'pipe' is not a regular file." in result.stderr
    assert sqs.sent_batches == []


def test_record_beside_the_file_is_no_pipe(run: Run, sqs: FakeSqs) -> None:
    """A pipe in place of the record is reported, and nothing is sent."""
    os.mkfifo("in.jsonl.dev.submitted")
    result = run("submit", str(file_of(3)))
    assert result.exit_code == 1
    assert "in.jsonl.dev.submitted cannot be used as the record: it is not a regular file." in result.stderr
    assert sqs.sent_batches == []


def test_a_record_of_nothing_is_used_anew(run: Run, sqs: FakeSqs) -> None:
    """If nothing of a file was sent, the file may change, and is then sent under the same record."""
    Path("in.jsonl").write_text("")
    assert run("submit", "in.jsonl").exit_code == 0
    write(Path("in.jsonl"), [job("job-1")])
    assert run("submit", "in.jsonl").exit_code == 0
    assert len(sqs.bodies("jobs")) == 1
