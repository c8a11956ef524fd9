"""`jobs results --expect` collects only the answers of its own submission."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.gateway_cli.jobs.batch_lines import result_of, write
from tests.unit.gateway_cli.jobs.collecting import answer, collect, collected, submitted
from tests.unit.gateway_cli.jobs.conftest import Run
from tests.unit.gateway_cli.jobs.fake_records import FakeRecords
from tests.unit.gateway_cli.jobs.fake_s3 import FakeS3
from tests.unit.gateway_cli.jobs.fake_sqs import FakeSqs

pytestmark = pytest.mark.usefixtures("impatient")


def test_every_answer_is_written_once(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """The command reads 100 answers at a time, writes each once, and leaves the results queue alone."""
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
    """Each submission gets its own results, even if its custom_ids are those of an earlier one."""
    earlier = answer(records, submitted(run, sqs, 3, "--record", "earlier"), "earlier")
    later = answer(records, submitted(run, sqs, 3, "--record", "later"), "later")
    assert collect(run, "--record", "later").exit_code == 0
    assert collected() == sorted(later)
    assert collect(run, "--record", "earlier").exit_code == 0
    assert collected() == sorted([*earlier, *later])


def test_others_results_in_the_file_do_not_count(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """Another submission's results in the file do not count, even with the same custom_ids."""
    earlier = answer(records, submitted(run, sqs, 3, "--record", "earlier"), "earlier")
    write(Path("out.jsonl"), earlier)
    submitted(run, sqs, 3)
    done = collect(run)
    assert done.exit_code == 3
    assert done.stdout == "0 new results. 3 of 3 sent lines have no result.\n"


def test_only_what_is_missing_is_read(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """Results that the file already holds are not read again, and not written twice."""
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
    """Answers are collected as they arrive, and each read asks only for the missing ones."""
    keys = submitted(run, sqs, 3)

    def one_more(_: list[str]) -> list[str]:
        answer(records, keys[: len(records.asked)])
        return []

    records.on_read = one_more
    assert collect(run, idle_s=30).exit_code == 0
    assert records.asked == [keys, keys[1:], keys[2:]]


def test_a_dead_letter_is_not_waited_for(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """When only dead letters are missing, the command ends at once and names the failed lines."""
    keys = submitted(run, sqs, 3)
    answer(records, keys[:2])
    records.bury(keys[2])
    done = collect(run, idle_s=3600)
    assert done.exit_code == 3
    assert "1 lines failed for good; `jobs dead-letters redrive` retries them: job-2" in done.stderr
    assert "no new result" not in done.stderr


def test_a_dead_letter_sent_back_is_waited_for(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """The command waits for a dead letter that is sent back while it runs."""
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
    """Answers are complete if S3 alone holds them, or if the record's line points to S3."""
    keys = submitted(run, sqs, 2)
    lines = [result_of(key, f"job-{number}", "x" * 500_000) for number, key in enumerate(keys)]
    s3.objects = {f"results/{number}.json": line.encode() for number, line in enumerate(lines)}
    records.items[keys[0]] = {"answer_key": "results/0.json"}
    pointer = result_of(keys[1], "job-1", result_location="s3://large-results/results/1.json")
    records.answer(keys[1], pointer)
    assert collect(run).exit_code == 0
    assert collected() == sorted(lines)


def test_unread_records_are_asked_for_again(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """If DynamoDB returns only a part of the records, the command asks for the rest again."""
    lines = answer(records, submitted(run, sqs, 20))
    records.on_read = lambda keys: keys[5:]
    assert collect(run).exit_code == 0
    assert list(map(len, records.asked)) == [20, 15, 10, 5]
    assert collected() == sorted(lines)


def test_a_table_that_reads_nothing_ends_the_run(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """Eight attempts that read nothing end the command; the same command continues later."""
    lines = answer(records, submitted(run, sqs, 2))
    records.on_read = lambda keys: keys
    done = collect(run)
    assert done.exit_code == 1
    assert "DynamoDB read none of 2 records in 8 attempts" in done.stderr
    records.on_read = lambda _: []
    assert collect(run).exit_code == 0
    assert collected() == sorted(lines)


def test_interrupted_it_ends_at_once(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """An interrupted command keeps the collected answers, and the same command continues later."""
    keys = submitted(run, sqs, 3)
    lines = answer(records, keys[:2])

    def interrupt(_: list[str]) -> list[str]:
        os.kill(os.getpid(), signal.SIGINT)
        return []

    records.on_read = interrupt
    done = collect(run, idle_s=3600)
    assert done.exit_code == 130
    assert "1 lines have no result yet: job-2" in done.stderr
    assert "Run the same command again to continue." in done.stderr
    assert collected() == sorted(lines)
