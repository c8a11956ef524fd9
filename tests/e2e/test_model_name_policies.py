"""Who may use a model name, what it costs, what is shown of its target, and jobs by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from openai import OpenAI

from local.demonstration import job_lines, request_logs
from local.stack.local_stack import LocalStack
from tests.e2e import limited_team
from tests.e2e.clients_command import usage
from tests.e2e.conftest import MODEL
from tests.e2e.converse_bypasses import CLAUDE
from tests.e2e.deployed_functions import variables_changed
from tests.e2e.guardrail_bypasses import asking
from tests.e2e.limited_team import becomes
from tests.e2e.named_answers import ECHO, ask, error_of, log_of
from tests.e2e.named_models import (
    CONVERSE_FIRST,
    ELSEWHERE_LAST,
    NATIVE_FIRST,
    WEIGHTED,
    Fresh,
    Name,
    asked_models,
    guardrails_of,
)
from tests.e2e.other_region import OtherRegion
from tests.e2e.standin import StandinControl

KINDS = [NATIVE_FIRST, CONVERSE_FIRST]
CAP = ("--max-completion-tokens", "20")


def test_weights(client: OpenAI, standin: StandinControl, fresh: Fresh) -> None:
    """Targets with weights share the traffic by them, and one without a weight gets none while they work."""
    name = fresh(WEIGHTED)
    for _ in range(30):  # one of two equal targets gets all of them once in half a billion times
        ask(client, name.name)
    without, *weighted = (target.model for target in name.targets)
    assert set(asked_models(standin)) == set(weighted)
    with ExitStack() as failing:
        for model in weighted:
            failing.enter_context(standin.failing(model, {"status": 503}))
        assert ask(client, name.name).models == {name.name}
    assert asked_models(standin)[-1] == without


def test_globs_of_clients(stack: LocalStack, sdk: OpenAI, standin: StandinControl, fresh: Fresh) -> None:
    """A client's patterns are compared with the name that it sends, and not with the models behind it."""
    name = fresh(NATIVE_FIRST)
    of_names = limited_team.new(stack, sdk, "by-name", "--model", "native-*")
    of_models = limited_team.new(stack, sdk, "by-model", "--model", "qwen.*", "--model", "us.anthropic.*")
    assert ask(of_names.client, name.name).models == {name.name}
    with standin.failing(name.first, {"status": 503}):
        assert ask(of_names.client, name.name).models == {name.name}
    sent = len(standin.requests())
    refused = [error_of(of_names.client, name.first), error_of(of_models.client, name.name)]
    assert {(error.status_code, error.code) for error in refused} == {(403, "model_not_allowed")}
    assert len(standin.requests()) == sent
    assert ask(of_models.client, name.first).models == {name.first}


def prices(name: Name) -> dict[str, str]:
    """A thousandth of a dollar for a token of the first target, and a hundredth for one of the second."""
    usd = {name.first: ["1000", "1000", None, None], name.second: ["10000", "10000", None, None]}
    return {"MODEL_PRICES": json.dumps(usd)}


def used(stack: LocalStack, client_id: str) -> dict[str, tuple[int, float]]:
    """The requests and their costs by model."""
    rows = usage(stack, "model", "--client", client_id, "--since", "2d")
    return {model: (row["requests"], row["cost_usd"]) for model, row in rows.items()}


def test_costs(stack: LocalStack, sdk: OpenAI, standin: StandinControl, fresh: Fresh) -> None:
    """Usage is recorded under the target that answered, at its price, in one piece and streamed."""
    name, client_id = fresh(NATIVE_FIRST), "spending-by-name"
    with variables_changed(stack, prices(name)):
        team = limited_team.new(stack, sdk, client_id, "--monthly-budget-usd", "50", *CAP)
        options: dict[str, Any] = {"streams": True, "stream_options": {"include_usage": True}}
        first = [ask(team.client, name.name), ask(team.client, name.name, **options)]
        with standin.failing(name.first, {"status": 503}):
            second = [ask(team.client, name.name), ask(team.client, name.name, **options)]
    tokens = [sum(asked.pieces[-1].usage.total_tokens for asked in found) for found in (first, second)]
    expected = {name.first: (2, tokens[0] / 1000), name.second: (2, tokens[1] / 100)}
    becomes(expected, partial(used, stack, client_id))
    costs = [log_of(stack, asked)["cost_usd"] for asked in (first[0], second[0])]
    assert costs == [
        first[0].pieces[0].usage.total_tokens / 1000,
        second[0].pieces[0].usage.total_tokens / 100,
    ]


def test_target_without_a_price(
    stack: LocalStack, sdk: OpenAI, standin: StandinControl, fresh: Fresh
) -> None:
    """A client with a budget may use a name only if the price of each of its targets is known."""
    name = fresh(NATIVE_FIRST)
    team = limited_team.new(stack, sdk, "priced-names", "--monthly-budget-usd", "1", *CAP)
    error = error_of(team.client, name.name)
    assert (error.status_code, error.code) == (403, "model_without_price")
    assert standin.requests() == []


@pytest.fixture
def strict(stack: LocalStack, fresh: Fresh) -> Iterator[None]:
    """Functions that take names only, and show which target answered."""
    with variables_changed(stack, {"MODEL_NAMES_ONLY": "true", "SHOW_TARGET_MODEL": "true"}):
        yield


@pytest.mark.usefixtures("strict")
def test_names_only(stack: LocalStack, client: OpenAI, standin: StandinControl, fresh: Fresh) -> None:
    """Where callers may use names only, an id is refused before Bedrock is asked, also the id of a target.

    The header x-gateway-model has the target that answered.
    """
    name = fresh(NATIVE_FIRST)
    for model in (MODEL, CLAUDE, name.first, "no-such-name"):
        error = error_of(client, model)
        assert (error.status_code, error.code, error.param) == (403, "model_not_allowed", "model")
        assert "names" in error.message
    assert standin.requests() == []
    for streams in (False, True):
        assert ask(client, name.name, streams=streams).headers["x-gateway-model"] == name.first
    with standin.failing(name.first, {"status": 503}):
        for streams in (False, True):
            assert ask(client, name.name, streams=streams).headers["x-gateway-model"] == name.second


def job(custom_id: str, name: Name, question: str = "one two three") -> str:
    return job_lines.job(custom_id, question, model=name.name)


def results_of(stack: LocalStack, *lines: str) -> dict[str, dict[str, Any]]:
    """Sends the jobs and returns their results by custom_id."""
    session = stack.session()
    job_lines.send(session, stack.jobs_queue_url, list(lines))
    bodies = job_lines.receive(session, stack.results_queue_url, count=len(lines), within_s=60)
    return {result["custom_id"]: result for result in map(json.loads, bodies)}


def job_line_of(stack: LocalStack, result: dict[str, Any]) -> dict[str, Any]:
    """The worker's log line of the job that was answered. The worker sends the result first."""

    def found() -> list[dict[str, Any]]:
        lines = [line for _, line in request_logs.lines(stack.session(), stack.worker_log_group)]
        return [line for line in lines if line.get("request_id") == result["id"] and line.get("status")]

    becomes(1, lambda: len(found()))
    return found()[0]


def body_of(result: dict[str, Any]) -> dict[str, Any]:
    assert result["error"] is None, result
    return dict(result["response"]["body"])


FAULTS: list[dict[str, Any]] = [
    {"status": 429, "retry_after": 900},
    {"status": 503},
    {"delay_s": 20},
    {"drop": "after_generating"},
]


@pytest.mark.usefixtures("emptied_queues")
def test_jobs(stack: LocalStack, standin: StandinControl, fresh: Fresh) -> None:
    """A job by name is answered by the second target in its first attempt; the result has the name, the log the target."""
    failing = [(fresh(kind), fault) for kind in KINDS for fault in FAULTS]
    with ExitStack() as faults:
        for name, fault in failing:
            faults.enter_context(standin.failing(name.first, fault))
        results = results_of(stack, *(job(name.name, name) for name, _ in failing))
    asked = asked_models(standin)
    for name, _ in failing:
        result = results[name.name]
        body = body_of(result)
        assert (body["model"], body["choices"][0]["message"]["content"]) == (name.name, ECHO)
        assert [model for model in asked if model in (name.first, name.second)] == [name.first, name.second]
        line = job_line_of(stack, result)
        assert (line["model"], line["target_model"], line["status"]) == (name.name, name.second, 200)
        assert [failed["model"] for failed in line["failed_targets"]] == [name.first]
        assert line["attempts"] == 1


@pytest.mark.usefixtures("emptied_queues")
def test_job_in_another_region(
    stack: LocalStack, standin: StandinControl, elsewhere: OtherRegion, fresh: Fresh
) -> None:
    """A job by a target in another region gets that region's guardrail."""
    name = fresh(ELSEWHERE_LAST)
    with standin.failing(name.first, {"status": 503}):
        result = results_of(stack, job("far", name))["far"]
    assert body_of(result)["model"] == name.name
    assert guardrails_of(elsewhere.standin) == {elsewhere.guardrail.identifier}
    assert job_line_of(stack, result)["guardrail"].startswith(elsewhere.guardrail.identifier)


@pytest.mark.usefixtures("emptied_queues")
def test_job_whose_targets_all_fail_at_first(
    stack: LocalStack, standin: StandinControl, fresh: Fresh
) -> None:
    """A job whose targets both throttle goes back into the queue, and is answered when one of them works again."""
    name, session = fresh(NATIVE_FIRST), stack.session()
    with standin.failing(name.first, {"status": 429}), standin.failing(name.second, {"status": 429}):
        job_lines.send(session, stack.jobs_queue_url, [job("patient", name)])
        becomes(True, lambda: len(asked_models(standin)) >= 2)
    (line,) = job_lines.receive(session, stack.results_queue_url, count=1, within_s=60)
    assert body_of(json.loads(line))["model"] == name.name
    assert standin.counters()["generations"] == 1


@pytest.mark.usefixtures("emptied_queues", "strict")
def test_job_by_an_id_where_names_are_wanted(stack: LocalStack, standin: StandinControl) -> None:
    """A job by a model's id gets an error line where callers may use names only."""
    line = json.loads(job_lines.job("by-id", "Hi"))
    line["body"]["messages"] = asking("Hi")
    result = results_of(stack, json.dumps(line))["by-id"]
    assert result["error"]["code"] == "model_not_allowed"
    assert standin.requests() == []
