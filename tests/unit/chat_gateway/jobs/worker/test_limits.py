"""Jobs are counted against their client's limits, and their usage is recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import StringIO
from typing import Any

import httpx
import pytest

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.client_policies.meter import Metering
from chat_gateway.client_policies.settings import UsageSettings
from client_keys import item as client_item
from client_keys.policy import Policy
from tests.unit import clients_table, usage_table
from tests.unit.chat_gateway.api_calls import COMPLETION, PROMPT
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.jobs import job_table
from tests.unit.chat_gateway.jobs.worker.conftest import Stack, UseBedrock, again, clients, line
from tests.unit.moto_calls import MotoCalls

DAY, NOW_S = "2026-11-26", 1_795_712_530.0  # 17:02:10
MINUTE_LEFT_S, FIRST_DELAY_S = 50, 15
CAP = 50
MODEL = VALID["model"]
SENDER = "AROATRUSTED"


class Broken:
    """A DynamoDB that cannot be reached."""

    def call(
        self, operation: str, parameters: Mapping[str, Any], *, ends_at: float = 0, is_repeatable: bool = True
    ) -> dict[str, Any]:
        raise AwsCallError(operation, "TimeoutError", is_passing=True)


@pytest.fixture(autouse=True)
def counting(stack: Stack) -> None:
    """The worker believes a sender, runs one job at a time, and counts at a fixed moment."""
    count_with(stack, MotoCalls(clients()[2]))
    stack.change(settings=stack.state.settings._replace(senders=(SENDER,), width=1))


def count_with(stack: Stack, dynamodb: Any, **settings: Any) -> None:
    """The counters are in this DynamoDB from now on."""
    usage = UsageSettings.from_env()._replace(**settings)
    metering = Metering.of(usage, dynamodb)._replace(clock=lambda: NOW_S)
    stack.change(metering=lambda: metering)


@pytest.fixture
def asked(use_bedrock: UseBedrock) -> list[dict[str, Any]]:
    """The bodies that Bedrock gets; it answers each."""
    bodies: list[dict[str, Any]] = []

    def answers(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        return httpx.Response(200, json=COMPLETION)

    use_bedrock(answers)
    return bodies


def limit(client_id: str, **limits: Any) -> None:
    """Makes a client with these limits."""
    policy = Policy(max_completion_tokens=CAP, **limits)
    item = {**client_item.of_client(client_id), "policy": {"S": policy.to_text()}}
    clients()[2].put_item(TableName=clients_table.TABLE, Item=item)


def delivered(stack: Stack, *owners: str | None, body: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """One job for each of the clients, in this order; None: a job without a client."""
    records = []
    for number, owner in enumerate(owners):
        stack.send(line(custom_id=f"job-{number}", body={**VALID, **(body or {})}))
        (record,) = stack.deliver(sender=f"{SENDER}:session", key=f"key-{number}")
        if owner is not None:
            record["messageAttributes"]["client"] = {"stringValue": owner}
        records.append(record)
    return records


def answered(stack: Stack) -> dict[str, str | None]:
    """The jobs that have a result line, each with its error's code."""
    return {result["custom_id"]: (result["error"] or {}).get("code") for result in stack.results()}


def attempts(number: int) -> str | None:
    """How many attempts the job's record counts; None if the job has no record."""
    key = {"job": {"S": f"key-{number}"}}
    item = clients()[2].get_item(TableName=job_table.TABLE, Key=key).get("Item")
    return None if item is None else item["attempts"]["N"]


def counters(client_id: str) -> dict[str, int]:
    """The client's counters, by measure and period."""
    item = usage_table.counters(clients()[2], client_id)
    found = {name.rpartition("_")[0]: value for name, value in item.items()}
    return {name: int(found[name]["N"]) for name in found if name.startswith(("req", "tok", "cost"))}


def used(client_id: str | None) -> dict[str, dict[str, int]]:
    return usage_table.used(clients()[2], DAY, client_id)


def logged(log: StringIO) -> list[dict[str, Any]]:
    """The worker's log lines of jobs."""
    lines = [json.loads(text) for text in log.getvalue().splitlines()]
    return [entry for entry in lines if entry["message"] == "job"]


def test_answered_job(stack: Stack, asked: list[dict[str, Any]], log: StringIO) -> None:
    """A job's tokens are counted and recorded with its client, and its log line has the cost."""
    limit("team-a", requests_per_minute=5, tokens_per_minute=1000, concurrent_requests=1)
    assert stack.handle(delivered(stack, "team-a", "team-a")) == set()
    assert counters("team-a") == {"requests_m": 2, "tokens_m": 16}
    assert used("team-a")[MODEL]["requests"] == 2
    assert logged(log)[0]["cost_usd"] > 0
    assert asked[0]["max_completion_tokens"] == CAP


def test_job_over_a_rate_limit(
    stack: Stack, asked: list[dict[str, Any]], hidden_s: list[int], log: StringIO
) -> None:
    """A job over a rate limit stays hidden until the limit's window has ended, and no attempt counts."""
    limit("team-a", requests_per_minute=1)
    records = delivered(stack, "team-a", "team-a")
    assert stack.handle(records) == {records[1]["messageId"]}
    assert hidden_s == [MINUTE_LEFT_S + FIRST_DELAY_S]
    assert (answered(stack), attempts(1), len(asked)) == ({"job-0": None}, "0", 1)
    line_ = logged(log)[1]
    assert (line_["status"], line_["error_code"]) == (429, "rate_limit_exceeded")
    assert line_["limits_reached"] == ["requests per minute"]
    assert counters("team-a") == {"requests_m": 1}


def test_over_a_rate_limit_again_and_again(stack: Stack, asked: list[dict[str, Any]]) -> None:
    """However often a job is over a limit, it is answered in the end."""
    limit("team-a", requests_per_minute=1)
    first, second = delivered(stack, "team-a", "team-a")
    stack.handle([first])
    for receive in range(1, 13):
        assert len(stack.handle(again([second], attempt=receive))) == 1
    later = Metering.of(UsageSettings.from_env(), MotoCalls(clients()[2]))._replace(
        clock=lambda: NOW_S + MINUTE_LEFT_S
    )
    stack.change(metering=lambda: later)
    assert stack.handle(again([second], attempt=13)) == set()
    assert len(asked) == 2
    assert stack.dead_letters() == []


def test_rest_of_the_batch(
    stack: Stack, asked: list[dict[str, Any]], hidden_s: list[int], log: StringIO
) -> None:
    """Once a client is over its limit, its next jobs are put back unclaimed; other clients' jobs of the model are answered."""
    limit("team-a", requests_per_minute=1)
    limit("team-b", requests_per_minute=1)
    records = delivered(stack, "team-a", "team-a", "team-a", "team-b", None, "team-a")
    assert len(stack.handle(records)) == 3
    assert answered(stack) == {"job-0": None, "job-3": None, "job-4": None}
    assert [attempts(number) for number in (1, 2, 5)] == ["0", None, None]
    assert hidden_s == [MINUTE_LEFT_S + FIRST_DELAY_S] * 3
    by_id = {entry["custom_id"]: entry for entry in logged(log)}
    assert by_id["job-1"]["limits_reached"] == ["requests per minute"]
    assert by_id["job-2"]["error_class"] == by_id["job-5"]["error_class"] == "JobNotBegunError"
    assert by_id["job-2"]["error_code"] == "rate_limit_exceeded"


def test_next_batch_asks_again(stack: Stack, asked: list[dict[str, Any]]) -> None:
    """A limit that was reached in one batch is asked again in the next."""
    limit("team-a", requests_per_minute=1)
    records = delivered(stack, "team-a", "team-a")
    stack.handle(records)
    limit("team-a", requests_per_minute=9)
    stack.state.policies._kept.clear()
    assert stack.handle(again([records[1]])) == set()


@pytest.mark.parametrize(
    ("limits", "body", "code"),
    [
        ({"tokens_per_minute": CAP}, {}, "rate_limit_exceeded"),
        ({"tokens_per_day": CAP}, {}, "rate_limit_exceeded"),
        ({"monthly_budget_cents": 1}, {"model": "a.model-of-nobody"}, "model_without_price"),
        ({"requests_per_minute": 1}, {"n": 0}, "invalid_type"),
    ],
)
def test_error_lines(
    stack: Stack, asked: list[dict[str, Any]], limits: dict[str, int], body: dict[str, Any], code: str
) -> None:
    """A job that can never be within its client's limits gets an error line that says why."""
    limit("team-a", **limits)
    assert stack.handle(delivered(stack, "team-a", body=body)) == set()
    assert (answered(stack), asked) == ({"job-0": code}, [])
    assert counters("team-a") == {}


def test_over_budget_alone(stack: Stack, asked: list[dict[str, Any]]) -> None:
    """A job that may cost more than the whole budget gets an error line, and so does the client's next one."""
    limit("team-a", monthly_budget_cents=1)
    price(stack, "10000")
    assert stack.handle(delivered(stack, "team-a", "team-a")) == set()
    assert answered(stack) == dict.fromkeys(("job-0", "job-1"), "insufficient_quota")
    assert asked == []


def test_used_up_budget(stack: Stack, asked: list[dict[str, Any]]) -> None:
    """Jobs are answered until the budget does not hold the next one, and the others get an error line."""
    limit("team-a", monthly_budget_cents=1)
    price(stack, "250")
    assert stack.handle(delivered(stack, *["team-a"] * 10)) == set()
    codes = answered(stack)
    assert len(codes) == 10
    assert [codes[f"job-{number}"] for number in range(10)] == [
        *[None] * len(asked),
        *["insufficient_quota"] * (10 - len(asked)),
    ]
    assert 0 < len(asked) < 10
    assert counters("team-a")["cost_mo"] <= 10_000_000


def price(stack: Stack, input_usd: str) -> None:
    """The model's prompts cost this much for a million tokens."""
    count_with(stack, MotoCalls(clients()[2]), model_prices=json.dumps({MODEL: [input_usd, "0", None, None]}))


@pytest.mark.parametrize("when", ["refuse", "allow"])
def test_unreachable_counters(stack: Stack, asked: list[dict[str, Any]], log: StringIO, when: str) -> None:
    """If the counters cannot be reached, the setting decides: put back without a counted attempt, or answered."""
    limit("team-a", requests_per_minute=5)
    count_with(stack, Broken(), when_counters_fail=when)
    failed = stack.handle(delivered(stack, "team-a", "team-a"))
    entry = logged(log)[0]
    assert entry["limits_not_checked"] == "UpdateItem failed: TimeoutError"
    if when == "allow":
        assert answered(stack) == {"job-0": None, "job-1": None}
        assert entry["usage_failure"] == "UpdateItem failed: TimeoutError"
    else:
        assert (len(failed), attempts(0), attempts(1), asked) == (2, "0", None, [])
        assert (entry["status"], entry["error_code"]) == (503, "limits_unavailable")


@pytest.mark.parametrize("owner", ["team-a", None])
@pytest.mark.parametrize("is_recorded", [True, False])
def test_recorded_usage(
    stack: Stack, asked: list[dict[str, Any]], owner: str | None, is_recorded: bool
) -> None:
    """With the setting, usage is recorded for clients without limits, and for jobs without a client."""
    stack.change(settings=stack.state.settings._replace(record_usage=is_recorded))
    limit("team-a")
    assert stack.handle(delivered(stack, owner)) == set()
    expected = {MODEL: 1} if is_recorded else {}
    assert {model: measures["requests"] for model, measures in used(owner).items()} == expected
    assert counters("team-a") == {}


@pytest.mark.parametrize("status", [400, 429, 500, 503])
def test_failed_attempt_is_refunded(stack: Stack, use_bedrock: UseBedrock, status: int) -> None:
    """An attempt that Bedrock refused counts as none, so that the next one gets in."""
    limit("team-a", requests_per_minute=1, concurrent_requests=1, tokens_per_day=100)
    use_bedrock(lambda _: httpx.Response(status, json={"message": "no"}))
    records = delivered(stack, "team-a")
    failed = stack.handle(records)
    assert counters("team-a") == {"requests_m": 0, "tokens_d": 0}
    assert used("team-a") == {}
    if failed:
        use_bedrock(lambda _: httpx.Response(200, json=COMPLETION))
        assert stack.handle(again(records)) == set()
        assert counters("team-a") == {"requests_m": 1, "tokens_d": 8}


def test_lost_answer_is_charged(stack: Stack, use_bedrock: UseBedrock) -> None:
    """An answer that Bedrock gave and the worker cannot read is charged and recorded as it was reserved."""
    limit("team-a", tokens_per_day=1000)
    headers = {"x-amzn-requestid": "bedrock-id"}
    use_bedrock(lambda _: httpx.Response(200, text="no JSON", headers=headers))
    assert len(stack.handle(delivered(stack, "team-a"))) == 1
    assert counters("team-a")["tokens_d"] > CAP
    assert used("team-a")[MODEL]["completion_tokens"] == CAP


def test_fault_is_refunded(stack: Stack, use_bedrock: UseBedrock) -> None:
    """A fault while Bedrock is asked counts as no request, and frees the slot."""
    limit("team-a", requests_per_minute=1, concurrent_requests=1)

    def faulty(_: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    use_bedrock(faulty)
    assert len(stack.handle(delivered(stack, "team-a"))) == 1
    assert counters("team-a") == {"requests_m": 0}


def test_answered_before(stack: Stack, asked: list[dict[str, Any]]) -> None:
    """A job whose answer is sent again counts once."""
    limit("team-a", requests_per_minute=1)
    records = delivered(stack, "team-a")
    for delivery in (records, again(records)):
        assert stack.handle(delivery) == set()
    assert (counters("team-a"), len(asked)) == ({"requests_m": 1}, 1)


def test_log_lines_hold_no_text(stack: Stack, asked: list[dict[str, Any]], log: StringIO) -> None:
    """Whatever fails, no log line has anything of the prompt."""
    limit("team-a", requests_per_minute=5)
    body = {"messages": [{"role": "user", "content": PROMPT}]}
    for when in ("refuse", "allow"):
        count_with(stack, Broken(), when_counters_fail=when)
        stack.handle(delivered(stack, "team-a", body=body))
    assert "elephant" not in log.getvalue()
