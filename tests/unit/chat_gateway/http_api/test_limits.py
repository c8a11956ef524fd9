"""A request is counted against its client's limits, and its usage is recorded."""

from __future__ import annotations

from io import StringIO
from typing import Any

import httpx
import pytest

from client_keys.no_limits import NO_LIMITS
from client_keys.policy import Policy
from tests.unit.chat_gateway.api_calls import COMPLETION, PROMPT, event, ok
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.conftest import Asking
from tests.unit.chat_gateway.converse_bedrock import FakeBedrock
from tests.unit.chat_gateway.http_api.conftest import NewGateway
from tests.unit.chat_gateway.http_api.limited_calls import BEDROCK, CAP, DYNAMODB, LimitedGateway

MODEL = VALID["model"]
LIMITS = {"requests_per_minute": 2, "tokens_per_minute": 1000}
USED = {"requests_m": 1, "tokens_m": 8}


def tokens_left(headers: dict[str, str]) -> int:
    return int(headers["x-ratelimit-remaining-tokens"])


def test_answer(limited: NewGateway) -> None:
    """An answer has OpenAI's headers, and its tokens replace the reserved ones."""
    gateway = limited()
    gateway.limit(**LIMITS)
    status, _, headers = gateway.answer()
    assert status == 200
    assert headers["x-ratelimit-limit-requests"] == "2"
    assert headers["x-ratelimit-remaining-requests"] == "1"
    assert headers["x-ratelimit-reset-requests"] == headers["x-ratelimit-reset-tokens"] == "50s"
    assert headers["x-ratelimit-limit-tokens"] == "1000"
    assert 1000 - 100 < tokens_left(headers) < 1000 - CAP
    assert gateway.counters() == USED


def test_over_a_limit(limited: NewGateway) -> None:
    """A request over a limit gets a 429 that says how long to wait, and is never sent to Bedrock."""
    gateway = limited()
    gateway.limit(**LIMITS)
    for _ in range(2):
        gateway.answer()
    before = gateway.counters()
    status, code, headers = gateway.answer()
    assert (status, code) == (429, "rate_limit_exceeded")
    assert headers["retry-after"] == "50"
    assert headers["x-ratelimit-remaining-requests"] == "0"
    assert "x-should-retry" not in headers
    assert (len(gateway.asked), gateway.counters()) == (2, before)
    line = gateway.logged()
    assert line["limits_reached"] == ["requests per minute"]
    assert (line["status"], line["level"]) == (429, "INFO")
    assert "cost_usd" not in line


def test_over_the_limit_alone(limited: NewGateway) -> None:
    """A request that can never fit gets a 429 that says not to try again, without a call."""
    gateway = limited()
    gateway.limit(tokens_per_minute=CAP)
    status, code, headers = gateway.answer()
    assert (status, code, headers["x-should-retry"]) == (429, "rate_limit_exceeded", "false")
    assert gateway.happened == []


def test_used_up_budget(limited: NewGateway) -> None:
    """A request that the budget does not hold gets OpenAI's error for it."""
    gateway = limited(FakeBedrock())
    gateway.limit(monthly_budget_cents=1)
    model = "anthropic.claude-opus-4-20250514-v1:0"
    answers = [gateway.answer({**VALID, "model": model}) for _ in range(30)]
    status, code, headers = answers[-1]
    assert (status, code, headers["x-should-retry"]) == (429, "insufficient_quota", "false")
    assert gateway.logged()["limits_reached"] == ["cost per month"]
    assert gateway.counters()["cost_mo"] <= 10_000_000
    assert 0 < len(gateway.asked) == [status for status, *_ in answers].count(200)


def test_model_without_a_price(limited: NewGateway) -> None:
    """A client with a budget may not use a model without a price."""
    gateway = limited()
    gateway.limit(monthly_budget_cents=1)
    status, code, _ = gateway.answer({**VALID, "model": "a.model-of-nobody"})
    assert (status, code, gateway.happened) == (403, "model_without_price", [])


@pytest.mark.parametrize(("when", "status"), [("refuse", 503), ("allow", 200)])
def test_unreachable_counters(limited: NewGateway, when: str, status: int) -> None:
    """If the counters cannot be reached, the setting decides, and the log line says that nothing was counted."""
    gateway = limited(when_counters_fail=when)
    gateway.limit(**LIMITS)
    gateway.is_broken = True
    found, code, headers = gateway.answer()
    assert (found, code) == (status, "limits_unavailable" if status == 503 else None)
    assert not [name for name in headers if name.startswith("x-ratelimit")]
    assert len(gateway.asked) == (status == 200)
    assert gateway.logged()["limits_not_checked"] == "UpdateItem failed: TimeoutError"
    assert gateway.logged()["level"] == ("ERROR" if status == 503 else "INFO")


def test_order_of_a_small_answer(limited: NewGateway) -> None:
    """A small answer is settled and recorded after its body was sent: the caller does not wait."""
    gateway = limited()
    gateway.limit(**LIMITS)
    response = gateway.respond()
    for _ in response.body:
        gateway.happened.append("body")
    response.close()
    assert gateway.happened == [DYNAMODB, BEDROCK, "body", DYNAMODB, DYNAMODB]
    response.close()
    assert len(gateway.happened) == 5


def test_answer_that_nobody_takes(limited: NewGateway) -> None:
    """An answer that is not read is settled too."""
    gateway = limited()
    gateway.limit(**LIMITS)
    gateway.respond().close()
    assert gateway.counters() == USED


def test_large_answer(limited: NewGateway) -> None:
    """A large answer is settled once, before it is sent."""
    gateway = limited(lambda _: httpx.Response(200, json={**COMPLETION, "pad": "x" * 100_000}))
    gateway.limit(**LIMITS)
    response = gateway.respond()
    assert gateway.counters() == USED
    list(response.body)
    response.close()
    assert gateway.happened == [DYNAMODB, BEDROCK, DYNAMODB, DYNAMODB]


@pytest.mark.parametrize(
    "bedrock",
    [
        lambda _: httpx.Response(400, json={"message": "no"}),
        lambda _: httpx.Response(429, json={"message": "slow"}, headers={"retry-after": "7"}),
        lambda _: httpx.Response(500),
    ],
)
def test_bedrocks_error_is_refunded(limited: NewGateway, bedrock: Any) -> None:
    """A request that Bedrock refused counts as none; its answer has the limits' headers beside Bedrock's own."""
    gateway = limited(bedrock)
    gateway.limit(**LIMITS)
    status, _, headers = gateway.answer()
    assert status in (400, 429, 500, 502)
    assert headers["x-ratelimit-limit-requests"] == "2"
    assert headers.get("retry-after") == ("7" if status == 429 else None)
    assert (gateway.counters(), gateway.used()) == (dict.fromkeys(USED, 0), {})


def broken(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("late", request=request)


def test_no_answer_is_refunded(limited: NewGateway) -> None:
    """A request that Bedrock did not answer counts as none."""
    gateway = limited(broken)
    gateway.limit(**LIMITS)
    assert gateway.answer()[0] == 504
    assert gateway.counters() == dict.fromkeys(USED, 0)


def test_unreadable_answer_is_charged(limited: NewGateway) -> None:
    """An answer that Bedrock gave and the gateway cannot read is charged as it was reserved."""
    gateway = limited(lambda _: httpx.Response(200, text="no JSON", headers={"x-amzn-requestid": "id"}))
    gateway.limit(**LIMITS)
    assert gateway.answer()[0] == 502
    assert gateway.counters()["tokens_m"] > CAP


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        ({**VALID, "max_tokens": CAP + 1}, {}, "max_tokens_exceeded"),
        (VALID, {"x-amzn-bedrock-guardrailidentifier": ["other"]}, "guardrail_override_not_allowed"),
        ({**VALID, "n": 0}, {}, "invalid_type"),
        (b"no JSON", {}, None),
    ],
)
def test_refusals_are_not_counted(
    limited: NewGateway, body: object, headers: dict[str, list[str]], code: str | None
) -> None:
    """What is refused for another reason takes no call of DynamoDB, nor of Bedrock."""
    gateway = limited(record_usage=True)
    gateway.limit(**LIMITS)
    status, found, _ = gateway.answer(body, headers=headers)
    assert (400 <= status < 500, found, gateway.happened) == (True, code, [])


def test_recorded_usage_without_limits(limited: NewGateway) -> None:
    """With the setting, a client without limits has its usage recorded, and neither counters nor headers."""
    gateway = limited(ok, record_usage=True)
    status, _, headers = gateway.answer()
    assert (status, gateway.counters()) == (200, {})
    assert not [name for name in headers if name.startswith("x-ratelimit")]
    assert gateway.happened == [BEDROCK, DYNAMODB]
    assert gateway.used()[MODEL]["prompt_tokens"] == 3
    assert gateway.logged()["cost_usd"] == pytest.approx((3 * 0.07 + 5 * 0.30) / 1e6, rel=0.01)


@pytest.mark.parametrize("policy", [NO_LIMITS, Policy(max_completion_tokens=9).to_text()])
def test_nothing_to_count(limited: NewGateway, policy: str) -> None:
    """Without the setting, a client without limits that are counted takes no call of DynamoDB."""
    gateway = limited()
    gateway.policy = policy
    assert gateway.answer()[0] == 200
    assert gateway.happened == [BEDROCK]
    assert "cost_usd" not in gateway.logged()


def test_failed_settling(limited: NewGateway) -> None:
    """If settling fails, the caller still has the answer, and the log line has the numbers."""
    gateway = limited()
    gateway.limit(**LIMITS)
    response = gateway.respond()
    gateway.is_broken = True
    assert b"a whisper" in b"".join(response.body)
    response.close()
    line = gateway.logged()
    assert (line["status"], line["settle_failure"]) == (200, "UpdateItem failed: TimeoutError")
    assert line["unsettled"] == {"tokens": 8, "cost": line["unrecorded"]["cost_nano_usd"]}
    assert line["usage_failure"] == "UpdateItem failed: TimeoutError"
    assert (line["unrecorded"]["requests"], line["unrecorded"]["prompt_tokens"]) == (1, 3)
    assert PROMPT not in gateway.log.getvalue()
    assert "whisper" not in gateway.log.getvalue()


def test_missing_table_is_a_500(
    function_env: None, monkeypatch: pytest.MonkeyPatch, asking: Asking, log: StringIO
) -> None:
    """Without the table's name, a client that needs it gets a 500, and the log line names the variable."""
    monkeypatch.delenv("USAGE_TABLE")
    policy = Policy(requests_per_minute=1).to_text()
    status, _, body = asking(lambda _: pytest.fail("asked")).handle(event(policy=policy))
    assert (status, body["error"]["code"]) == (500, "internal_error")
    assert "USAGE_TABLE" in log.getvalue()


def test_slots_are_freed(limited: NewGateway) -> None:
    """A request in progress takes a slot until its answer was sent."""
    gateway = limited()
    gateway.limit(concurrent_requests=1)
    first = gateway.respond()
    assert _refused(gateway)
    first.close()
    assert not _refused(gateway)
    assert not _refused(gateway)


def _refused(gateway: LimitedGateway) -> bool:
    status, code, headers = gateway.answer()
    if status == 429:
        assert (code, headers["retry-after"]) == ("rate_limit_exceeded", "1")
        assert gateway.logged()["limits_reached"] == ["concurrent requests"]
    return status == 429
