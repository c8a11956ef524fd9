"""Budgets and usage of clients, with the OpenAI SDK against the deployed stack."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from openai import APIStatusError, OpenAI
from openai.types import CompletionUsage

from local.stack.local_stack import LocalStack
from tests.e2e import limited_team
from tests.e2e.clients_command import succeeded, usage
from tests.e2e.clients_jobs import ACCOUNT, results
from tests.e2e.conftest import MODEL
from tests.e2e.deployed_functions import variables_changed
from tests.e2e.limited_team import Team, becomes
from tests.e2e.standin import StandinControl

CAP = ("--max-completion-tokens", "20")
# A thousandth of a dollar for a token, so that a small budget is used up by a few requests.
DEAR = {"MODEL_PRICES": f'{{"{MODEL}":["1000","1000",null,null]}}'}

LONG = {"messages": [{"role": "user", "content": "one two three four five six seven eight nine ten"}]}


def used_by(stack: LocalStack, client_id: str) -> dict[str, Any]:
    """What the client used of all models; empty if nothing."""
    return usage(stack, "client", "--client", client_id, "--since", "2d").get(client_id, {})


def counted(stack: LocalStack, client_id: str, measures: list[str]) -> dict[str, Any]:
    row = used_by(stack, client_id)
    return {name: row.get(name) for name in measures}


def sums(found: list[CompletionUsage]) -> dict[str, int]:
    """What `usage` has to show for answers with this usage."""
    return {
        "requests": len(found),
        "prompt_tokens": sum(usage.prompt_tokens for usage in found),
        "completion_tokens": sum(usage.completion_tokens for usage in found),
        "tokens_only_requests": len(found),
    }


def spend(team: Team) -> tuple[list[Any], APIStatusError]:
    """The answers until a request is refused, and the refusal."""
    answers: list[Any] = []
    while True:
        try:
            answers.append(team.ask())
        except APIStatusError as error:
            return answers, error


def test_budget_used_up(stack: LocalStack, sdk: OpenAI, standin: StandinControl) -> None:
    """A client works until its budget holds no further request, and works again with a larger one."""
    with variables_changed(stack, DEAR):
        team = limited_team.new(stack, sdk, "spending", "--monthly-budget-usd", "0.20", *CAP)
        answers, error = spend(team)
        assert (error.status_code, error.code) == (429, "insufficient_quota")
        assert error.response.headers["x-should-retry"] == "false"
        assert "retry-after" not in error.response.headers
        assert len(standin.requests()) == len(answers) > 1
        used_usd = sum(answer.usage.total_tokens for answer in answers) / 1000
        assert used_usd <= 0.20
        assert f"0.20 USD, {used_usd:.2f} used" in succeeded(stack, "show", "spending")
        succeeded(stack, "update", "spending", "--monthly-budget-usd", "5")
        becomes(None, team.error)
        assert len(standin.requests()) == len(answers) + 1


def test_too_poor(stack: LocalStack, sdk: OpenAI, standin: StandinControl) -> None:
    """The SDK does not retry a request whose largest cost is over the budget, and Bedrock is not asked."""
    cap = ("--max-completion-tokens", "90000000")
    error = limited_team.new(stack, sdk, "poor", "--monthly-budget-usd", "0.01", *cap).patient().error()
    assert error is not None
    assert (error.code, error.request.headers["x-stainless-retry-count"]) == ("insufficient_quota", "0")
    assert standin.requests() == []


def test_model_without_price(stack: LocalStack, sdk: OpenAI, standin: StandinControl) -> None:
    """A client with a budget cannot use a model whose price is not known."""
    team = limited_team.new(stack, sdk, "priced", "--monthly-budget-usd", "1", *CAP)
    error = team.error(model="nobody.knows-this-1:0")
    assert error is not None
    assert (error.status_code, error.code) == (403, "model_without_price")
    assert standin.requests() == []


@pytest.mark.usefixtures("emptied_queues")
def test_jobs_over_budget(stack: LocalStack, sdk: OpenAI, standin: StandinControl) -> None:
    """Jobs are counted as requests are: one that the budget does not hold gets a result with the error."""
    limited_team.new(stack, sdk, "poor-jobs", "--monthly-budget-usd", "0.08", *CAP)
    with variables_changed(stack, {**DEAR, "JOB_SENDERS": ACCOUNT}):
        got = [results(stack, [(name, "poor-jobs", LONG)])[name] for name in ("first", "second", "third")]
    answered = [result for result in got if result["error"] is None]
    assert 1 <= len(answered) < len(got)
    assert {result["error"]["code"] for result in got[len(answered) :]} == {"insufficient_quota"}
    assert len(standin.requests()) == len(answered)
    tokens = sum(result["response"]["body"]["usage"]["completion_tokens"] for result in answered)
    becomes(tokens, lambda: used_by(stack, "poor-jobs").get("completion_tokens"))


def test_usage_is_the_sum_of_answers(stack: LocalStack, sdk: OpenAI) -> None:
    """`usage` has the sum of the answers' usage, of whole answers and of streams, with and without limits."""
    for client_id, limits in (("summed", ()), ("summed-limited", ("--requests-per-minute", "500"))):
        team = limited_team.new(stack, sdk, client_id, *limits)
        found = [team.ask(max_tokens=tokens).usage for tokens in (1, 2, 3)]
        streams = [list(team.ask(stream=True, stream_options={"include_usage": True})) for _ in range(2)]
        found += [chunks[-1].usage for chunks in streams]
        expected = sums(found)
        becomes(expected, partial(counted, stack, client_id, list(expected)))
    by_model = usage(stack, "model", "--client", "summed", "--since", "2d")
    assert by_model[MODEL]["requests"] == 5
    assert by_model[MODEL]["cost_usd"] > 0
