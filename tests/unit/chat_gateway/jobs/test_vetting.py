"""A job that would kill its worker kills a child process instead, and is identified."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.jobs.lines import JobMessage
from chat_gateway.jobs.vetting import rehearsal as job_rehearsal
from chat_gateway.jobs.vetting.vetting import JobVetting, Vetted
from chat_gateway.service.settings import UpstreamSettings
from tests.unit.chat_gateway.job_messages import MESSAGE, job
from tests.unit.chat_gateway.jobs import poisoned_rehearsal
from tests.unit.chat_gateway.jobs.poisoned_rehearsal import CRASHES, DEVOURS, STALLS
from tests.unit.chat_gateway.upstream_settings import GUARDRAIL, UPSTREAM

# Enough for a busy machine to start a process; a stall lasts for minutes.
WITHIN_S = 5.0
# A child that is ready and has survived one job.
TWO_ANSWERS = "import os, sys; os.write(1, b'..'); sys.stdin.read()"


def messages(*bodies: str) -> list[JobMessage]:
    return [replace(MESSAGE, id=str(number), body=body) for number, body in enumerate(bodies)]


@pytest.fixture
def vetting(function_env: None) -> JobVetting:
    return JobVetting(answer_within_s=WITHIN_S)


@pytest.fixture
def poisoned(function_env: None) -> JobVetting:
    return JobVetting(answer_within_s=WITHIN_S, command=poisoned_rehearsal.COMMAND)


def vetted(vetting: JobVetting, *bodies: str) -> Vetted:
    return vetting.vet(messages(*bodies), until=time.monotonic() + 60)


def test_what_the_worker_survives_is_harmless(vetting: JobVetting) -> None:
    """Jobs that the worker would survive are harmless, good ones and bad ones."""
    halves = '{"custom_id": "\ud800"}'
    refused = ("", "not json", "[" * 100_000, "one\nline\nand another", halves, job("\\ud800"))
    assert vetted(vetting, job(), *refused, job("x" * 1_000_000), job()) == Vetted()


def test_the_guardrails_part_is_rehearsed(vetting: JobVetting, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child uses the environment's own guardrail settings; it does not start if one is missing."""
    for name, value in GUARDRAIL.items():
        monkeypatch.setenv(name, value)
    assert vetted(vetting, job()) == Vetted()
    monkeypatch.delenv("GUARDRAIL_TAGGING")
    assert vetted(vetting, job()) == Vetted(failed=True)


def test_each_poison_is_found(poisoned: JobVetting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each poison is found, however it kills and at any place in the batch; other jobs are harmless."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
    batch = [job(CRASHES), job(), job(STALLS), job(), job(DEVOURS), job(CRASHES), job(), job(CRASHES)]
    assert vetted(poisoned, *batch) == Vetted(killers=frozenset({"0", "2", "4", "5", "7"}))


@pytest.mark.parametrize("command", [("false",), (sys.executable, "-c", ""), ("/no/such/program",)])
def test_a_child_that_does_not_start_is_told(vetting: JobVetting, command: tuple[str, ...]) -> None:
    """If the child does not start, no job is blamed."""
    assert vetted(replace(vetting, command=command), job(), job()) == Vetted(failed=True)


def test_where_time_is_up_no_job_is_blamed(vetting: JobVetting) -> None:
    """When the time is up, known results stay, and the other jobs are unknown."""
    times = iter([0.0, 2.0, 2.0])
    late = replace(vetting, command=(sys.executable, "-c", TWO_ANSWERS), clock=lambda: next(times))
    outcome = late.vet(messages(job(), job(), job()), until=1.0)
    assert outcome == Vetted(unknown=frozenset({"1", "2"}))


def test_without_time_nothing_is_begun(vetting: JobVetting) -> None:
    """Without time no child is started, and all jobs are unknown."""
    outcome = replace(vetting, command=("/no/such/program",)).vet(messages(job()), until=time.monotonic())
    assert outcome == Vetted(unknown=frozenset({"0"}))


@given(st.text() | st.text(st.characters(categories=["Cs", "L"])))
def test_any_text_is_survived(line: str) -> None:
    """For any text, an error that the worker would survive does not end the child process."""
    job_rehearsal._rehearse(line, UpstreamSettings.from_env(UPSTREAM))
