"""Limits of clients, with the OpenAI SDK against the deployed stack."""

from __future__ import annotations

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from openai import APIStatusError, OpenAI, RateLimitError

from local.bedrock_standin.chat_completions.quirks import REFUSES_STREAM_OPTIONS
from local.demonstration import request_logs
from local.stack.local_stack import LocalStack
from tests.e2e import limited_team, usage_counters
from tests.e2e.clients_command import usage
from tests.e2e.deployed_functions import variables_changed
from tests.e2e.limited_team import Team, becomes, tokens_counted
from tests.e2e.standin import StandinControl

AT_ONCE, LIMIT = 20, 10
CAP = "20"


def early_in_a_minute() -> None:
    """Waits for a minute with enough time left for a few requests."""
    while time.gmtime().tm_sec > 40:
        time.sleep(0.2)


@dataclass(frozen=True)
class Burst:
    """What AT_ONCE requests at the same moment got."""

    team: Team
    errors: list[APIStatusError]
    sent_to_bedrock: int


@pytest.fixture(scope="module")
def burst(stack: LocalStack, sdk: OpenAI) -> Burst:
    team = limited_team.new(stack, sdk, "burst", "--requests-per-minute", str(LIMIT))
    free = limited_team.new(stack, sdk, "warming")
    with StandinControl(stack.standin_url) as control, ThreadPoolExecutor(AT_ONCE) as threads:
        # Functions that start take seconds, and the minute would end.
        assert list(threads.map(lambda _: free.error(), range(AT_ONCE))) == [None] * AT_ONCE
        early_in_a_minute()
        control.reset()
        found = list(threads.map(lambda _: team.error(), range(AT_ONCE)))
        return Burst(team, [error for error in found if error is not None], len(control.requests()))


def test_requests_at_once(burst: Burst) -> None:
    """Of 20 requests at once, a limit of 10 a minute lets exactly 10 through; no other one reaches Bedrock."""
    assert burst.sent_to_bedrock == LIMIT
    assert [error.code for error in burst.errors] == ["rate_limit_exceeded"] * (AT_ONCE - LIMIT)
    for error in burst.errors:
        assert isinstance(error, RateLimitError)
        assert 1 <= int(error.response.headers["retry-after"]) <= 60
        assert error.response.headers["x-ratelimit-remaining-requests"] == "0"
        assert error.request_id


def test_headers(stack: LocalStack, sdk: OpenAI) -> None:
    """Limited clients get OpenAI's six headers; what is left goes down by what was used, not by the estimate."""
    limits = ("--requests-per-minute", "50", "--tokens-per-day", "5000", "--max-completion-tokens", CAP)
    team = limited_team.new(stack, sdk, "headers", *limits)
    early_in_a_minute()
    first = team.ask().usage.total_tokens
    headers = team.headers()
    assert headers["x-ratelimit-limit-requests"] == "50"
    assert headers["x-ratelimit-remaining-requests"] == "48"
    assert re.fullmatch(r"\d{1,2}s|1m0s", headers["x-ratelimit-reset-requests"])
    assert headers["x-ratelimit-limit-tokens"] == "5000"
    assert re.fullmatch(r"(\d{1,2}h)?(\d{1,2}m)?\d{1,2}s", headers["x-ratelimit-reset-tokens"])
    reserved = 5000 - int(headers["x-ratelimit-remaining-tokens"]) - first
    assert reserved > int(CAP)
    becomes(2 * first, lambda: tokens_counted(stack, "headers"))


def test_no_headers_without_limits(stack: LocalStack, sdk: OpenAI) -> None:
    """A client without limits gets none of these headers, and has no counters."""
    headers = limited_team.new(stack, sdk, "free").headers()
    assert not [name for name in headers if "ratelimit" in name]
    assert usage_counters.item(stack, "free") == {}


def test_too_large_for_a_limit(stack: LocalStack, sdk: OpenAI, standin: StandinControl) -> None:
    """The SDK does not retry a request that is larger than a limit, and Bedrock is not asked."""
    limits = ("--max-completion-tokens", "50", "--tokens-per-minute", "55")
    team = limited_team.new(stack, sdk, "small", *limits).patient()
    error = team.error()
    assert error is not None
    assert (error.status_code, error.code) == (429, "rate_limit_exceeded")
    assert request_logs.chat_line(stack, error.request_id or "")["sdk_retry_count"] == 0
    assert standin.requests() == []


def test_concurrent_requests(stack: LocalStack, sdk: OpenAI) -> None:
    """A client has no more requests in progress than it may have, streams included, and the place is free again."""
    team = limited_team.new(stack, sdk, "two", "--concurrent-requests", "2")
    slow = {"standin_fault": {"delay_s": 8}}
    with ThreadPoolExecutor(6) as threads:
        found = threads.map(lambda stream: team.error(stream=stream, extra_body=slow), [True, False] * 3)
        errors = [error for error in found if error is not None]
    assert Counter(error.response.headers["retry-after"] for error in errors) == {"1": 4}
    assert team.patient().error() is None


@pytest.mark.parametrize("asks", [None, True, False])
def test_streams_are_settled(stack: LocalStack, sdk: OpenAI, asks: bool | None) -> None:
    """A stream is charged by its usage, also where the caller does not see it."""
    name = f"streams-{asks}".lower()
    limits = ("--tokens-per-day", "9000", "--max-completion-tokens", "500")
    team = limited_team.new(stack, sdk, name, *limits)
    options = None if asks is None else {"stream_options": {"include_usage": asks}}
    chunks = list(team.ask(stream=True, extra_body=options))
    assert any(chunk.usage for chunk in chunks) is (asks is True)
    used = team.ask().usage.total_tokens
    becomes(2 * used, lambda: tokens_counted(stack, name))


def test_stream_without_usage(stack: LocalStack, sdk: OpenAI) -> None:
    """A stream of a model that tells no usage is charged by its reservation."""
    limits = ("--tokens-per-day", "9000", "--max-completion-tokens", "500")
    team = limited_team.new(stack, sdk, "streams-unknown", *limits)
    assert list(team.ask(stream=True, model=REFUSES_STREAM_OPTIONS))
    becomes(True, lambda: 500 < tokens_counted(stack, "streams-unknown") < 600)


def test_failures_are_not_charged(stack: LocalStack, sdk: OpenAI) -> None:
    """What Bedrock refuses costs nothing: no tokens, no request, no place."""
    limits = ("--tokens-per-day", "9000", "--requests-per-minute", "9", "--concurrent-requests", "2")
    team = limited_team.new(stack, sdk, "failing", *limits, "--max-completion-tokens", "500")
    for stream in (False, True):
        assert team.error(stream=stream, extra_body={"standin_fault": {"status": 400}}) is not None
    becomes(0, lambda: tokens_counted(stack, "failing"))
    assert usage_counters.counter(stack, "failing", "requests_") == 0
    assert usage_counters.item(stack, "failing")["in_progress"] == {"M": {}}
    assert usage(stack, "client", "--client", "failing", "--since", "2d") == {}


def reasons(stack: LocalStack, client_id: str) -> list[str | None]:
    """Why the client's limits were not checked, in the log lines of its requests."""
    lines = request_logs.lines(stack.session(), stack.chat_log_group)
    return [line.get("limits_not_checked") for _, line in lines if line.get("client") == client_id]


@pytest.mark.parametrize(("setting", "code"), [("refuse", "limits_unavailable"), ("allow", None)])
def test_counters_gone(
    stack: LocalStack, sdk: OpenAI, standin: StandinControl, setting: str, code: str | None
) -> None:
    """Without the table of counters, a limited client is refused or let through, as set, and the log says so."""
    team = limited_team.new(stack, sdk, f"gone-{setting}", "--requests-per-minute", "5")
    with variables_changed(stack, {"USAGE_TABLE": "no-such-table", "WHEN_COUNTERS_FAIL": setting}):
        error = team.error()
        assert (None if error is None else error.code) == code
        becomes(["UpdateItem failed: ResourceNotFoundException"], lambda: reasons(stack, f"gone-{setting}"))
    assert len(standin.requests()) == (code is None)
