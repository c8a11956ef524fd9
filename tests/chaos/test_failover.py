"""Hundreds of requests and jobs by model names while targets fail at random. `make chaos` runs these tests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

import pytest
from openai import OpenAI

from local.demonstration import job_lines
from local.stack.local_stack import LocalStack
from tests.chaos import named_requests
from tests.chaos.named_requests import FAULTS, Account, prompt
from tests.e2e.named_models import (
    CONVERSE_FIRST,
    ELSEWHERE_FIRST,
    ELSEWHERE_LAST,
    NATIVE_FIRST,
    Fresh,
    Name,
    model_of,
)
from tests.e2e.other_region import OtherRegion
from tests.e2e.standin import StandinControl

KINDS = (NATIVE_FIRST, CONVERSE_FIRST, ELSEWHERE_FIRST, ELSEWHERE_LAST)
NAMES_OF_A_KIND, ROUNDS = 25, 3
SHARES = (0.7, 0.15)  # of the first target's requests, and of the second one's
_AT_ONCE = 40  # the stand-in keeps 200 requests


@contextmanager
def failing(names: list[Name], standins: list[StandinControl], shares: tuple[float, float]) -> Iterator[None]:
    """While the block runs, each target of the names fails at random."""
    with ExitStack() as weather:
        seeds = count()
        for name in names:
            for model, share in zip((name.first, name.second), shares, strict=True):
                for standin in standins:
                    seed = next(seeds)
                    weather.enter_context(standin.failing(model, *FAULTS, share=share, seed=seed))
        yield


def batches(names: list[Name]) -> Iterator[list[tuple[int, Name]]]:
    """The names with their numbers, a few at a time."""
    numbered = list(enumerate(names))
    for start in range(0, len(numbered), _AT_ONCE):
        yield numbered[start : start + _AT_ONCE]


def new_names(fresh: Fresh) -> list[Name]:
    return [fresh(kind) for _ in range(NAMES_OF_A_KIND) for kind in KINDS]


@pytest.mark.timeout(900)
def test_requests_while_targets_fail(
    stack: LocalStack,
    client: OpenAI,
    standin: StandinControl,
    elsewhere: OtherRegion,
    fresh: Fresh,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each of 300 requests, half of them streamed, is answered or gets an honest error.

    At most one answer more than the caller's is generated for a request, and the log explains it.
    """
    names, standins = new_names(fresh), [standin, elsewhere.standin]
    guardrails = frozenset({stack.guardrail_identifier, elsewhere.guardrail.identifier})
    accounts: list[Account] = []
    with failing(names, standins, SHARES):
        for numbered in batches(names * ROUNDS):
            for control in standins:
                control.reset()
            calls = named_requests.make(client, numbered)
            accounts += named_requests.accounts(stack, standins, calls)
    with capsys.disabled():
        print(f"\n{summary(accounts)}")
    for account in accounts:
        named_requests.check(account, guardrails)
    assert len({account.call.request_id for account in accounts}) == len(names) * ROUNDS
    answered = [account for account in accounts if account.call.ending == "answered"]
    assert len(answered) > len(accounts) / 2
    by_second = [a for a in answered if a.line["target_model"] == a.call.name.second]
    assert len(by_second) > len(accounts) / 10


def summary(accounts: list[Account]) -> str:
    endings = Counter(account.call.ending for account in accounts)
    extra = sum(len(account.generated) > (account.call.ending != "refused") for account in accounts)
    statuses = Counter(account.call.status for account in accounts)
    generated = sum(len(account.generated) for account in accounts)
    return f"{generated} generations for {dict(endings)} ({dict(statuses)}); {extra} requests have lost one"


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("emptied_queues")
def test_jobs_while_first_targets_fail(
    stack: LocalStack, standin: StandinControl, elsewhere: OtherRegion, fresh: Fresh
) -> None:
    """Each of 100 jobs is answered once, by a target of its name, and for none are more than two answers generated."""
    names, standins = new_names(fresh), [standin, elsewhere.standin]
    results: dict[str, Any] = {}
    session = stack.session()
    asked: list[dict[str, Any]] = []
    with failing(names, standins, (SHARES[0], 0)):
        for numbered in batches(names):
            for control in standins:
                control.reset()
            lines = [
                job_lines.job(f"named-{n}", prompt(n), model=name.name, max_tokens=100)
                for n, name in numbered
            ]
            job_lines.send(session, stack.jobs_queue_url, lines)
            got = job_lines.receive(session, stack.results_queue_url, count=len(lines), within_s=180)
            results |= {result["custom_id"]: result for result in map(json.loads, got)}
            asked += [request for control in standins for request in control.requests()]
    assert results.keys() == {f"named-{n}" for n in range(len(names))}
    for number, name in enumerate(names):
        result = results[f"named-{number}"]
        assert result["error"] is None, result
        body = result["response"]["body"]
        assert (body["model"], body["choices"][0]["message"]["content"]) == (
            name.name,
            f"echo: {prompt(number)}",
        )
        own = [r for r in asked if r["generated"] and prompt(number) in r["body_text"]]
        assert 1 <= len(own) <= 2, own
        assert {model_of(request) for request in own} <= {name.first, name.second}
