"""`jobs results --expect` collects the answers of its own submission, whatever else is there."""

from __future__ import annotations

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from gateway_cli.jobs import backoff, collection, results_file, results_of_submission, submission_record
from gateway_cli.jobs.expected_lines import ExpectedLines
from gateway_cli.jobs.submission_record import RecordInUseError
from tests.unit.gateway_cli.jobs.batch_lines import job, result_of, write
from tests.unit.gateway_cli.jobs.fake_records import FakeRecords
from tests.unit.gateway_cli.jobs.fake_s3 import FakeS3
from tests.unit.gateway_cli.jobs.fake_sqs import FakeSqs

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "wait_s", lambda _: 0.0)
    monkeypatch.setattr(collection, "_FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(results_of_submission, "_RECORD_IN_USE_WAIT_S", 0.001)


def submitted(run: Run, sqs: FakeSqs, count: int, *options: str) -> list[str]:
    """Sends in.jsonl, lines `job-0` and so on. The keys of its jobs, in order."""
    write(Path("in.jsonl"), [job(f"job-{number}") for number in range(count)])
    sqs.queues["jobs"] = []
    done = run("submit", "in.jsonl", *options)
    assert done.exit_code == 0, done.output
    keys = [message.attributes["idempotency_key"]["StringValue"] for message in sqs.queues["jobs"]]
    return sorted(keys, key=lambda key: int(key.partition("-")[2]))


def answer(records: FakeRecords, keys: list[str], text: str = "Hello") -> list[str]:
    """The lines that are now the answers of these jobs, which are the first of their submission."""
    lines = [result_of(key, f"job-{number}", text) for number, key in enumerate(keys)]
    for key, line in zip(keys, lines, strict=True):
        records.answer(key, line)
    return lines


def collect(run: Run, *options: str, idle_s: float = 0.1) -> Result:
    return run("results", "--expect", "in.jsonl", "--out", "out.jsonl", "--idle-s", str(idle_s), *options)


def collected() -> list[str]:
    return sorted(Path("out.jsonl").read_text().splitlines())


def test_every_answer_is_written_once(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """By the hundred, and the results queue is neither read nor emptied."""
    lines = answer(records, submitted(run, sqs, 250))
    sqs.put("results", lines[0])
    done = collect(run, "--json")
    assert done.exit_code == 0, done.output
    assert collected() == sorted(lines)
    assert sorted(map(len, records.asked)) == [50, 100, 100]
    assert sqs.queues["results"][0].receives == 0
    nothing: dict[str, Any] = {"count": 0, "first_custom_ids": []}
    assert json.loads(done.stdout) == {
        "new": 250,
        "in_file": 250,
        "expected": 250,
        "missing": 0,
        "waiting": nothing,
        "dead_letters": nothing,
        "unreadable": {**nothing, "first_reasons": {}},
        "unsent": 0,
    }


def test_each_submission_gets_its_own(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """Lines with the custom_ids of an earlier submission are answered by their own results, not by the earlier ones."""
    earlier = answer(records, submitted(run, sqs, 3, "--record", "earlier"), "earlier")
    later = answer(records, submitted(run, sqs, 3, "--record", "later"), "later")
    assert collect(run, "--record", "later").exit_code == 0
    assert collected() == sorted(later)
    assert collect(run, "--record", "earlier").exit_code == 0
    assert collected() == sorted([*earlier, *later])


def test_others_results_in_the_file_do_not_count(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """A file that holds results of the same custom_ids from another submission has none of this one's."""
    earlier = answer(records, submitted(run, sqs, 3, "--record", "earlier"), "earlier")
    write(Path("out.jsonl"), earlier)
    submitted(run, sqs, 3)
    done = collect(run)
    assert done.exit_code == 3
    assert done.stdout == "0 new results; of the 3 lines that were sent, 3 have none.\n"


def test_only_what_is_missing_is_read(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """Results that the file holds from an earlier run are not asked for again, nor written twice."""
    keys = submitted(run, sqs, 10)
    lines = answer(records, keys)
    write(Path("out.jsonl"), lines[:4])
    assert collect(run).exit_code == 0
    assert collected() == sorted(lines)
    assert records.asked == [keys[4:]]
    records.asked.clear()
    assert collect(run).exit_code == 0
    assert records.asked == []


def test_late_answers_are_waited_for(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """Answers are collected as they come, and each reading asks only for those that have not."""
    keys = submitted(run, sqs, 3)

    def one_more(_: list[str]) -> list[str]:
        answer(records, keys[: len(records.asked)])
        return []

    records.on_read = one_more
    assert collect(run, idle_s=30).exit_code == 0
    assert records.asked == [keys, keys[1:], keys[2:]]


def test_missing_lines_are_named(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """By custom_id, fifty of them, and all are counted."""
    answer(records, submitted(run, sqs, 62)[:2])
    done = collect(run)
    assert done.exit_code == 3
    named = ", ".join(f"job-{number}" for number in range(2, 52))
    assert done.stderr == (
        f"60 lines have no result yet, and nothing new has come for 0.1 s: {named} … and 10 more\n"
    )
    missing = json.loads(collect(run, "--json").stdout)
    assert missing["missing"] == missing["waiting"]["count"] == 60
    assert missing["waiting"]["first_custom_ids"] == [f"job-{number}" for number in range(2, 52)]


def test_a_custom_id_may_be_any_text(run: Run, sqs: FakeSqs) -> None:
    """What cannot be printed is replaced on the screen, and is whole in JSON."""
    write(Path("in.jsonl"), [job("\ud800\x1b[2J")])
    run("submit", "in.jsonl")
    assert "\ufffd\ufffd[2J" in collect(run).stderr
    assert json.loads(collect(run, "--json").stdout)["waiting"]["first_custom_ids"] == ["\ud800\x1b[2J"]


def test_a_dead_letter_is_not_waited_for(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """Once all others have come, the command ends at once and says which lines have failed for good."""
    keys = submitted(run, sqs, 3)
    answer(records, keys[:2])
    records.bury(keys[2])
    done = collect(run, idle_s=3600)
    assert done.exit_code == 3
    assert (
        "1 lines failed for good; `jobs dead-letters redrive` sends them back to work: job-2" in done.stderr
    )
    assert "nothing new" not in done.stderr


def test_a_dead_letter_sent_back_is_waited_for(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """Also where somebody sends it back while the command runs."""
    keys = submitted(run, sqs, 2)
    records.bury(keys[0])

    def goes_on(_: list[str]) -> list[str]:
        if len(records.asked) == 2:
            records.items[keys[0]] = {"leased_by": "worker"}
        if len(records.asked) == 3:
            records.answer(keys[1], result_of(keys[1], "job-1"))
        if len(records.asked) == 4:
            records.answer(keys[0], result_of(keys[0], "job-0"))
        return []

    records.on_read = goes_on
    assert collect(run, idle_s=30).exit_code == 0
    assert records.asked[-1] == keys[:1]


def test_large_answers_are_written_whole(run: Run, sqs: FakeSqs, records: FakeRecords, s3: FakeS3) -> None:
    """Those that lie in S3 alone, and those whose line in the record points there."""
    keys = submitted(run, sqs, 2)
    lines = [result_of(key, f"job-{number}", "x" * 500_000) for number, key in enumerate(keys)]
    s3.objects = {f"results/{number}.json": line.encode() for number, line in enumerate(lines)}
    records.items[keys[0]] = {"answer_key": "results/0.json"}
    pointer = result_of(keys[1], "job-1", result_location="s3://large-results/results/1.json")
    records.answer(keys[1], pointer)
    assert collect(run).exit_code == 0
    assert collected() == sorted(lines)


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"answer_key": "results/gone.json"}, "nothing any more"),
        ({"answer_key": "results/other.json"}, "something else"),
        ({"answer_line": result_of("other", "job-0")}, "something else"),
        ({"answer_line": "text"}, "not JSON"),
    ],
)
def test_an_unreadable_answer_is_told(
    run: Run, sqs: FakeSqs, records: FakeRecords, s3: FakeS3, item: dict[str, str], reason: str
) -> None:
    """The others are written, nobody waits for it, and the command fails with its reason."""
    keys = submitted(run, sqs, 2)
    s3.objects = {"results/other.json": result_of("other", "job-0").encode()}
    records.items[keys[0]] = item
    records.answer(keys[1], result_of(keys[1], "job-1"))
    done = collect(run, idle_s=3600)
    assert done.exit_code == 1
    assert f"batch_req_{keys[0]}: " in done.stderr
    assert reason in done.stderr
    assert "1 lines have a result that cannot be read: job-0" in done.stderr
    assert collected() == [result_of(keys[1], "job-1")]


def test_unread_records_are_asked_for_again(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """DynamoDB may answer a part of what it is asked: the rest is asked for until it is there."""
    lines = answer(records, submitted(run, sqs, 20))
    records.on_read = lambda keys: keys[5:]
    assert collect(run).exit_code == 0
    assert list(map(len, records.asked)) == [20, 15, 10, 5]
    assert collected() == sorted(lines)


def test_a_table_that_reads_nothing_ends_the_run(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """After eight attempts; the same command goes on."""
    lines = answer(records, submitted(run, sqs, 2))
    records.on_read = lambda keys: keys
    done = collect(run)
    assert done.exit_code == 1
    assert "DynamoDB read none of 2 records in 8 attempts" in done.stderr
    records.on_read = lambda _: []
    assert collect(run).exit_code == 0
    assert collected() == sorted(lines)


def test_unsent_lines_are_told(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """Lines that no queue has accepted are not waited for."""
    sqs.on_send = lambda _: {"1": ("InvalidMessageContents", True)}
    write(Path("in.jsonl"), [job("job-0"), job("job-1"), "not JSON"])
    run("submit", "in.jsonl", "--skip-bad")
    key = sqs.queues["jobs"][0].attributes["idempotency_key"]["StringValue"]
    records.answer(key, result_of(key, "job-0"))
    done = collect(run, idle_s=3600)
    assert done.exit_code == 3
    assert done.stderr == "1 lines of in.jsonl were not sent; `jobs submit` sends them.\n"


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
        (forget, "in.jsonl.dev.submitted is not there"),
        (change, "the file has changed since"),
        (spoil, "is no record of a submission"),
        (empty, "cannot be used as record"),
        (make_anew, "it went to another queue"),
    ],
)
def test_without_its_record_nothing_is_collected(
    run: Run, sqs: FakeSqs, records: FakeRecords, spoiled: Callable[[FakeSqs], None], told: str
) -> None:
    """Nobody knows then which answers are this file's; the results file is not touched."""
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
    """While `jobs submit` holds the record, nobody knows yet which lines will have been sent."""
    lines = answer(records, submitted(run, sqs, 2))
    holder = sqlite3.connect("in.jsonl.dev.submitted", isolation_level=None)
    holder.execute("PRAGMA locking_mode=EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr(submission_record, "_BUSY_S", 0)
    refusals = []

    def released(error: sqlite3.Error, path: Path) -> RecordInUseError:
        refusals.append(error.sqlite_errorname)
        if len(refusals) == 3:
            holder.close()
        return RecordInUseError(str(path))

    monkeypatch.setattr(submission_record, "_as_record_error", released)
    done = collect(run)
    assert done.exit_code == 0, done.output
    assert refusals == ["SQLITE_BUSY"] * 3
    assert collected() == sorted(lines)


def test_a_killed_submitters_record_is_read(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """What it wrote last, which SQLite keeps beside the record, is read too."""
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


def test_interrupted_it_ends_at_once(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """What has come is in the file, and the same command goes on."""
    keys = submitted(run, sqs, 3)
    lines = answer(records, keys[:2])

    def interrupt(_: list[str]) -> list[str]:
        os.kill(os.getpid(), signal.SIGINT)
        return []

    records.on_read = interrupt
    done = collect(run, idle_s=3600)
    assert done.exit_code == 130
    assert "1 lines have no result yet: job-2" in done.stderr
    assert "The same command goes on." in done.stderr
    assert collected() == sorted(lines)


def test_on_a_full_disk_answers_are_missing(
    run: Run, sqs: FakeSqs, records: FakeRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the disk does not take is not counted, and comes with the next run."""
    lines = answer(records, submitted(run, sqs, 150))
    append, calls = results_file._append, []

    def full(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device", "out.jsonl")
        append(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(results_file, "_append", full)
        done = collect(run, "--receivers", "1")
    assert done.exit_code == 1
    assert done.stderr == "Error: out.jsonl: No space left on device.\n"
    assert done.stdout == "100 new results; of the 150 lines that were sent, 50 have none.\n"
    assert collect(run).exit_code == 0
    assert collected() == sorted(lines)


def test_waits_grow_with_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """And with the readings that brought nothing, up to a minute."""
    monkeypatch.setattr(collection, "_FIRST_WAIT_S", 0.5)

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
status = Path("/proc/self/status").read_text()
print(collection.collected.new, status.split("VmHWM:")[1].split()[0])
"""


def peak_kib(path: Path, count: int) -> int:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", _COLLECT, str(path), str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    new, peak = map(int, done.stdout.split())
    assert new == count
    return peak


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_does_not_grow_with_the_lines(tmp_path: Path) -> None:
    """A hundred thousand answers take no more memory than ten thousand."""
    small, large = peak_kib(tmp_path / "small.jsonl", 10_000), peak_kib(tmp_path / "large.jsonl", 100_000)
    # SQLite's caches fill up to what they are allowed.
    assert large - small < 10 * 1024
    assert large < 60 * 1024
