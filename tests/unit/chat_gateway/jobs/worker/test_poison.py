"""A job that kills its worker fails the good jobs of its batch once, and not again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import httpx
import pytest

from chat_gateway.jobs import lines as job_lines
from chat_gateway.jobs import queue_record
from chat_gateway.jobs.lines import JobMessage
from chat_gateway.jobs.vetting.vetting import JobVetting, Vetted
from tests.unit.chat_gateway.api_calls import COMPLETION
from tests.unit.chat_gateway.jobs import poisoned_rehearsal
from tests.unit.chat_gateway.jobs.poisoned_rehearsal import CRASHES, is_poison
from tests.unit.chat_gateway.jobs.worker.conftest import Stack, UseBedrock, again, line

GOOD = [line(custom_id=f"good-{number}") for number in range(9)]
POISON = line(custom_id=CRASHES)


def answered(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=COMPLETION)


@pytest.fixture(autouse=True)
def poison(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Poison kills the child, and fails the test if the worker reads it."""
    stack.change(vetting=JobVetting(command=poisoned_rehearsal.COMMAND))
    parse, custom_id = job_lines.parse, job_lines.readable_custom_id

    def parsed(text: str, *, max_bytes: int) -> job_lines.Job:
        assert not is_poison(text)
        return parse(text, max_bytes=max_bytes)

    def readable(text: str) -> job_lines.CustomId | None:
        assert not is_poison(text)
        return custom_id(text)

    monkeypatch.setattr(job_lines, "parse", parsed)
    monkeypatch.setattr(job_lines, "readable_custom_id", readable)


def left_by_a_dead_worker(stack: Stack, records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records in their next delivery, after the dead worker's claims have ended."""
    for record in records:
        stack.storage.records.claim(queue_record.read(record), owner="killed", lease_s=300)
    stack.now_s += 303
    return again(list(records))


def custom_ids(stack: Stack) -> set[str]:
    return {result["custom_id"] for result in stack.results()}


def test_good_jobs_are_answered_the_second_time(stack: Stack, use_bedrock: UseBedrock) -> None:
    """Nine good jobs that died with a poisonous one are answered in their second delivery."""
    use_bedrock(answered)
    stack.send(*GOOD, POISON)
    records = stack.deliver()
    failed = stack.handle(left_by_a_dead_worker(stack, records))
    assert failed == {record["messageId"] for record in records if record["body"] == POISON}
    assert custom_ids(stack) == {f"good-{number}" for number in range(9)}


def test_new_poison_kills_no_old_job(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A new poisonous job does not stop good jobs that are delivered again in the same batch."""
    use_bedrock(answered)
    stack.send(GOOD[0])
    old = left_by_a_dead_worker(stack, stack.deliver())
    stack.send(POISON)
    assert len(stack.handle([*old, *stack.deliver()])) == 1
    assert custom_ids(stack) == {"good-0"}


def test_poison_is_buried_unread(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A job that kills its worker becomes a dead letter after the usual attempts, and kills no other worker."""
    use_bedrock(lambda _: pytest.fail("asked"))
    stack.send(POISON)
    (record,) = stack.deliver()
    assert [len(stack.handle(again([record], attempt=n))) for n in range(2, 7)] == [1, 1, 1, 1, 0]
    ((body, attributes),) = stack.dead_letters()
    assert (body, attributes["last_error_code"], attributes["attempts"]) == (POISON, "workers_died", "5")


def test_poison_under_a_used_key_conflicts(stack: Stack, use_bedrock: UseBedrock) -> None:
    """The conflict line of a poisonous job has no custom_id, because reading it would kill the worker."""
    use_bedrock(answered)
    stack.send(GOOD[0])
    stack.handle(stack.deliver(key="used"))
    stack.send(POISON)
    assert stack.handle(again(stack.deliver(key="used"))) == set()
    _, conflict = stack.results()
    assert (conflict["custom_id"], conflict["error"]["code"]) == (None, "idempotency_key_conflict")


@dataclass(frozen=True, kw_only=True)
class Answering(JobVetting):
    """Gives the last of `answers`, and notes when it was asked."""

    answers: list[Vetted] = field(default_factory=lambda: [Vetted()])
    asked: list[float] = field(default_factory=list)

    def vet(self, messages: Sequence[JobMessage], *, until: float) -> Vetted:
        self.asked.append(until)
        return self.answers[-1]


@pytest.fixture
def vetting(stack: Stack) -> Answering:
    made = Answering()
    stack.change(vetting=made)
    return made


def test_a_batch_of_new_jobs_is_not_vetted(stack: Stack, use_bedrock: UseBedrock, vetting: Answering) -> None:
    """Vetting costs a process start, so the worker vets a batch only when it is delivered again."""
    use_bedrock(answered)
    stack.send(*GOOD)
    records = stack.deliver()
    stack.handle(records)
    assert not vetting.asked
    stack.handle(again(records))
    assert len(vetting.asked) == 1


def test_unknown_jobs_are_put_back_unread(
    stack: Stack, use_bedrock: UseBedrock, vetting: Answering, hidden_s: list[int]
) -> None:
    """Jobs that could not be vetted in time are put back at once, and the others are answered."""
    use_bedrock(answered)
    stack.send(POISON, GOOD[0])
    records = again(stack.deliver())
    unknown = {record["messageId"] for record in records if record["body"] == POISON}
    vetting.answers.append(Vetted(unknown=frozenset(unknown)))
    assert stack.handle(records) == unknown
    assert hidden_s == [0]
    assert custom_ids(stack) == {"good-0"}


def test_without_a_child_jobs_are_begun(
    stack: Stack, use_bedrock: UseBedrock, vetting: Answering, log: StringIO
) -> None:
    """If the machine cannot start a process, the jobs are begun anyway, and the log says so."""
    use_bedrock(answered)
    vetting.answers.append(Vetted(failed=True))
    stack.send(GOOD[0])
    assert stack.handle(again(stack.deliver())) == set()
    lines = [json.loads(text) for text in log.getvalue().splitlines()]
    assert {"message": "jobs not vetted", "level": "ERROR"}.items() <= lines[1].items()
