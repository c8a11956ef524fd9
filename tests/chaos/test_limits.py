"""What is left of a client's limits when a function is killed, and when its jobs come too fast."""

from __future__ import annotations

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from openai import OpenAI

from local.demonstration import request_logs
from local.stack.local_stack import LocalStack
from tests.chaos.worker_kills import processes_of
from tests.e2e import limited_team, usage_counters
from tests.e2e.clients_jobs import ACCOUNT, results
from tests.e2e.deployed_functions import API, variables_changed
from tests.e2e.limited_team import becomes, tokens_counted

CAP = 500


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_killed_function(stack: LocalStack, sdk: OpenAI) -> None:
    """A function that is killed while Bedrock answers holds its place until the reservation expires, and no longer.

    What it reserved stays charged, since Bedrock may have charged for the answer.
    """
    limits = ("--concurrent-requests", "1", "--tokens-per-day", "9000", "--max-completion-tokens", str(CAP))
    team = limited_team.new(stack, sdk, "killed", *limits)
    assert team.error() is None
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(team.error, extra_body={"standin_fault": {"delay_s": 10}})
        becomes(1, lambda: in_progress(stack, "killed"))
        for pid in processes_of(stack, API):
            os.kill(pid, signal.SIGKILL)
        failed = slow.result()
    assert failed is not None
    assert failed.status_code >= 500
    refused = team.error()
    assert refused is not None
    assert refused.code == "rate_limit_exceeded"
    reserved = tokens_counted(stack, "killed")
    assert reserved > CAP
    deadline = time.monotonic() + 60
    while team.error() is not None:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    becomes(0, lambda: in_progress(stack, "killed"))
    assert tokens_counted(stack, "killed") > reserved


def test_recovery(stack: LocalStack, sdk: OpenAI) -> None:
    """When the minute ends, the client is let in again: the SDK's own retries wait for it."""
    team = limited_team.new(stack, sdk, "recovering", "--requests-per-minute", "1")
    errors = [team.error() for _ in range(3)]
    assert any(error is not None and error.code == "rate_limit_exceeded" for error in errors)
    assert team.patient().error() is None


@pytest.mark.usefixtures("emptied_queues")
def test_jobs_over_a_rate(stack: LocalStack, sdk: OpenAI) -> None:
    """Jobs over a rate wait for the next minute in the queue, without a counted attempt, and are then answered."""
    limited_team.new(stack, sdk, "rated", "--requests-per-minute", "2")
    with variables_changed(stack, {"JOB_SENDERS": ACCOUNT}):
        got = results(stack, [(f"rated-{n}", "rated", {}) for n in range(4)], within_s=180)
    assert [result["error"] for result in got.values()] == [None] * 4
    lines = [line for _, line in request_logs.lines(stack.session(), stack.worker_log_group)]
    refused = [line for line in lines if line.get("limits_reached") == ["requests per minute"]]
    assert refused
    answered = [line for line in lines if line.get("client") == "rated" and line.get("status") == 200]
    assert [line["attempts"] for line in answered] == [1] * 4


def in_progress(stack: LocalStack, client_id: str) -> int:
    return len(usage_counters.item(stack, client_id).get("in_progress", {"M": {}})["M"])
