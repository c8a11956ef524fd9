"""`jobs results --expect` says which lines have no answer, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.gateway_cli.jobs.batch_lines import job, result_of, write
from tests.unit.gateway_cli.jobs.collecting import answer, collect, collected, submitted
from tests.unit.gateway_cli.jobs.conftest import Run
from tests.unit.gateway_cli.jobs.fake_records import FakeRecords
from tests.unit.gateway_cli.jobs.fake_s3 import FakeS3
from tests.unit.gateway_cli.jobs.fake_sqs import FakeSqs

pytestmark = pytest.mark.usefixtures("impatient")


def test_missing_lines_are_named(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """The command names fifty missing lines by custom_id, and counts all of them."""
    answer(records, submitted(run, sqs, 62)[:2])
    done = collect(run)
    assert done.exit_code == 3
    named = ", ".join(f"job-{number}" for number in range(2, 52))
    assert done.stderr == (
        f"60 lines have no result yet, and no new result has come for 0.1 s: {named} … and 10 more\n"
    )
    missing = json.loads(collect(run, "--json").stdout)
    assert missing["missing"] == missing["waiting"]["count"] == 60
    assert missing["waiting"]["first_custom_ids"] == [f"job-{number}" for number in range(2, 52)]


def test_a_custom_id_may_be_any_text(run: Run, sqs: FakeSqs) -> None:
    """Unprintable characters are replaced on the screen, and unchanged in JSON."""
    write(Path("in.jsonl"), [job("\ud800\x1b[2J")])
    run("submit", "in.jsonl")
    assert "\ufffd\ufffd[2J" in collect(run).stderr
    assert json.loads(collect(run, "--json").stdout)["waiting"]["first_custom_ids"] == ["\ud800\x1b[2J"]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"answer_key": "results/gone.json"}, "no longer exists"),
        ({"answer_key": "results/other.json"}, "the result of another job"),
        ({"answer_line": result_of("other", "job-0")}, "the result of another job"),
        ({"answer_line": "text"}, "not JSON"),
    ],
)
def test_an_unreadable_answer_is_told(
    run: Run, sqs: FakeSqs, records: FakeRecords, s3: FakeS3, item: dict[str, str], reason: str
) -> None:
    """An unreadable answer is not waited for; the others are written, and the command fails with the reason."""
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


def test_unsent_lines_are_told(run: Run, sqs: FakeSqs, records: FakeRecords) -> None:
    """Lines that were not sent are reported and not waited for."""
    sqs.on_send = lambda _: {"1": ("InvalidMessageContents", True)}
    write(Path("in.jsonl"), [job("job-0"), job("job-1"), "not JSON"])
    run("submit", "in.jsonl", "--skip-bad")
    key = sqs.queues["jobs"][0].attributes["idempotency_key"]["StringValue"]
    records.answer(key, result_of(key, "job-0"))
    done = collect(run, idle_s=3600)
    assert done.exit_code == 3
    assert done.stderr == "1 lines of in.jsonl were not sent. Send them with `jobs submit`.\n"
