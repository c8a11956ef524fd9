"""The rehearsal of jobs in this process: what it writes, which memory it may use, and what ends it."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from io import BytesIO, TextIOWrapper

import pytest

from chat_gateway.core.errors import ConfigurationError
from chat_gateway.jobs import lines as job_lines
from chat_gateway.jobs.lines import Job
from chat_gateway.jobs.vetting import rehearsal as job_rehearsal
from tests.unit.chat_gateway.job_messages import LINE, job
from tests.unit.chat_gateway.upstream_settings import GUARDRAIL

READY = "."
REFUSED = {
    "no text": "",
    "no JSON": "not json",
    "half a surrogate pair": '{"custom_id": "\ud800"}',
    "another URL": json.dumps({**LINE, "url": "/v1/embeddings"}),
    "its own guardrail": json.dumps({**LINE, "body": {**LINE["body"], "guardrailConfig": {"a": "b"}}}),
}

Rehearse = Callable[..., str]


@pytest.fixture
def rehearse(
    function_env: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Rehearse:
    """Runs the rehearsal with the given lines as its input; returns what it wrote to standard output."""
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", raising=False)

    def run(*lines: str) -> str:
        frames = b"".join(job_rehearsal.framed(line) for line in lines)
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(frames)))
        job_rehearsal.main()
        return capfd.readouterr().out

    return run


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED)
def test_a_byte_for_each_job(rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    """The rehearsal writes one byte when it is ready and one for each job, also for a job that is refused."""
    for name, value in GUARDRAIL.items():
        monkeypatch.setenv(name, value)
    assert rehearse(job(), refused, job()) == READY + "..."


def test_an_unexpected_exception(rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rehearsal survives an exception that the worker would survive."""
    read: list[str] = []

    def fail(line: str, *, max_bytes: int) -> Job:
        read.append(line)
        raise ZeroDivisionError

    monkeypatch.setattr(job_lines, "parse", fail)
    assert rehearse(job("one"), job("two")) == READY + ".."
    assert read == [job("one"), job("two")]


def test_memory_runs_out(
    rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A job that needs more memory than there is ends the rehearsal, and gets no byte."""
    parse = job_lines.parse

    def parse_or_fail(line: str, *, max_bytes: int) -> Job:
        if "devours memory" in line:
            raise MemoryError
        return parse(line, max_bytes=max_bytes)

    monkeypatch.setattr(job_lines, "parse", parse_or_fail)
    with pytest.raises(MemoryError):
        rehearse(job(), job("devours memory"), job())
    assert capfd.readouterr().out == READY + "."


def test_a_refused_jobs_custom_id(rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rehearsal reads the custom_id of a refused job, as the worker does, and of no other job."""
    read: list[str] = []
    monkeypatch.setattr(job_lines, "readable_custom_id", read.append)
    rehearse(job(), "not json", job())
    assert read == ["not json"]


@pytest.mark.parametrize(
    ("function_mib", "limits_bytes"), [("512", [268_435_456]), ("1769", [927_465_472]), (None, [])], ids=str
)
def test_half_of_the_memory(
    rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch, function_mib: str | None, limits_bytes: list[int]
) -> None:
    """The rehearsal may use half of the function's memory; without a function's memory there is no limit."""
    limits: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda *limit: limits.append(limit))
    if function_mib is not None:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function_mib)
    assert rehearse() == READY
    assert limits == [(resource.RLIMIT_AS, (limit, limit)) for limit in limits_bytes]


def test_a_missing_setting(
    rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without one of its settings the rehearsal ends before it says that it is ready."""
    monkeypatch.delenv("MAX_REQUEST_BYTES")
    with pytest.raises(ConfigurationError, match="MAX_REQUEST_BYTES"):
        rehearse(job())
    assert capfd.readouterr().out == ""
