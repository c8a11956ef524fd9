"""What a meter records for clients without limits, and what it does if DynamoDB cannot be reached."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from chat_gateway.client_policies.errors import CountersUnavailableError
from chat_gateway.client_policies.meter import Meter, Metering
from chat_gateway.client_policies.usage_records import UsageRecords
from chat_gateway.completions import request as chat_request
from chat_gateway.core.errors import ConfigurationError, UpstreamTimeoutError
from client_keys.policy import UNLIMITED
from client_usage.item import MEASURES, OTHER_MODELS
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.client_policies.counter_calls import CLIENT
from tests.unit.chat_gateway.client_policies.meter_calls import (
    CAP,
    CONTENT,
    MODEL,
    PROMPT_TOKENS,
    USAGE,
    Metered,
    cost_nano_usd,
)

COST = cost_nano_usd(30, 20)
RECORDED = {"requests": 1, **USAGE, "cost_nano_usd": COST, "tokens_only_requests": 1}


@pytest.mark.parametrize("client", [CLIENT, None])
def test_without_limits(metered: Metered, client: str | None) -> None:
    """A client without limits, or no client, is not counted, has no headers, and its usage is recorded."""
    meter = metered.meter(client=client)
    meter.reserve(CONTENT)
    assert (meter.headers, metered.recorded.calls) == ({}, [])
    meter.answered(USAGE)
    assert meter.settle() == {"cost_usd": COST / 1e9}
    assert metered.used(client) == {MODEL: RECORDED}
    assert metered.counters() == {}


def test_unlimited_client(metered: Metered) -> None:
    """The usage of a client that may use everything is recorded."""
    chat = chat_request.from_document(VALID)
    metering = Metering.of(metered.settings, metered.recorded)._replace(clock=lambda: metered.now_s)
    meter = Meter(metering, CLIENT, UNLIMITED, chat, models=[chat.model], ends_in_s=900)
    meter.reserve(CONTENT)
    meter.answered(USAGE)
    meter.settle()
    assert metered.used() == {MODEL: RECORDED}


def test_without_limits_and_usage(metered: Metered) -> None:
    """Without usage and an output limit, nothing is known of the tokens: the request counts as unpriced."""
    assert metered.answered(None, body={"max_tokens": None}) == {}
    assert metered.used() == {MODEL: {"requests": 1, "unpriced_requests": 1}}


def test_without_usage_and_with_an_output_limit(metered: Metered) -> None:
    """Without usage, a request with an output limit is recorded as its estimate."""
    metered.answered(None)
    tokens = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": CAP}
    assert tokens.items() <= metered.used()[MODEL].items()


def test_failures_are_not_recorded(metered: Metered) -> None:
    """A request without limits that failed takes no call."""
    meter = metered.meter()
    meter.reserve(CONTENT)
    meter.failed(UpstreamTimeoutError("Late."))
    assert (meter.settle(), metered.recorded.calls) == ({}, [])


@pytest.mark.parametrize("model", ["tell nobody about it", "m" * 3000, "a#b", "UPPER.CASE", "é.é"])
def test_names_that_are_no_models(metered: Metered, model: str) -> None:
    """What cannot be a model's id is counted as another model: it may be any text."""
    metered.answered(body={"model": model})
    assert metered.used() == {
        OTHER_MODELS: {"requests": 1, **USAGE, "unpriced_requests": 1},
    }
    assert model not in json.dumps(metered.recorded.calls, ensure_ascii=False)


def test_all_measures_are_known(metered: Metered) -> None:
    """Every number that is recorded is one that readers of the table know."""
    details: dict[str, Any] = {
        "prompt_tokens_details": {"cached_tokens": 5, "cache_write_tokens": 6},
        "completion_tokens_details": {"reasoning_tokens": 7},
    }
    metered.answered({**USAGE, **details})
    metered.answered(body={"model": OTHER_MODELS})
    recorded = metered.used()
    assert set(recorded[MODEL]) | set(recorded[OTHER_MODELS]) == set(MEASURES)


def test_unreachable_counters_refuse(metered: Metered) -> None:
    """If the counters cannot be reached, the request is refused, and the log says why."""
    metered.break_down()
    meter = metered.meter(requests_per_minute=9)
    with pytest.raises(CountersUnavailableError):
        meter.reserve(CONTENT)
    assert meter.settle() == {"limits_not_checked": "UpdateItem failed: TimeoutError"}
    assert meter.headers == {}


def test_unreachable_counters_allow(metered: Metered) -> None:
    """With the other setting the request goes on without being counted, and its usage is recorded."""
    metered.set(when_counters_fail="allow")
    whole = metered.recorded.dynamodb
    metered.break_down()
    meter = metered.meter(requests_per_minute=9, concurrent_requests=1)
    meter.reserve(CONTENT)
    metered.recorded.dynamodb = whole
    meter.answered(USAGE)
    assert meter.settle() == {
        "limits_not_checked": "UpdateItem failed: TimeoutError",
        "cost_usd": COST / 1e9,
    }
    assert (metered.used(), metered.counters()) == ({MODEL: RECORDED}, {})


def test_failed_settling(metered: Metered) -> None:
    """If neither settling nor recording succeeds, the log has the numbers that were not stored, and no error comes."""
    metered.break_down(first=2)
    fields = metered.answered(tokens_per_day=1000, monthly_budget_cents=1)
    assert fields == {
        "cost_usd": COST / 1e9,
        "budget_used_percent": 0.2,  # as reserved
        "settle_failure": "UpdateItem failed: TimeoutError",
        "unsettled": {"tokens": 50, "cost": COST},
        "usage_failure": "UpdateItem failed: TimeoutError",
        "unrecorded": {
            **dict.fromkeys(("cached_tokens", "cache_write_tokens", "reasoning_tokens"), 0),
            **RECORDED,
        },
    }


def test_failed_refund(metered: Metered) -> None:
    """If a refund fails, the log says that everything was to be given back."""
    metered.break_down(first=2)
    meter = metered.meter(requests_per_minute=9)
    meter.reserve(CONTENT)
    meter.failed(UpstreamTimeoutError("Late."))
    assert meter.settle() == {
        "settle_failure": "UpdateItem failed: TimeoutError",
        "unsettled": {"requests": 0, "tokens": 0, "cost": 0},
    }


def test_fields_hold_no_text(metered: Metered) -> None:
    """No field of the log has anything of the prompt, whatever fails, or of AWS's answer."""
    for first in (1, 2, 3):
        metered.set(when_counters_fail="allow")
        metered.break_down(first=first)
        meter = metered.meter(
            body={"model": "purple elephant", "messages": [{"role": "user", "content": "purple elephant"}]},
            tokens_per_minute=100_000,
        )
        meter.reserve(b"purple elephant " * 40)
        meter.answered({**USAGE, "note": "purple elephant"})
        assert "elephant" not in json.dumps(meter.settle())


def test_no_request_waits_long(metered: Metered, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call has three seconds."""
    ends: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    whole = metered.recorded.dynamodb

    class Noting:
        def call(self, *args: Any, ends_at: float, **options: Any) -> dict[str, Any]:
            ends.append(ends_at)
            return whole.call(*args, ends_at=ends_at, **options)

    metered.recorded.dynamodb = Noting()  # type: ignore[assignment]
    metered.answered(tokens_per_minute=1000)
    assert ends == [1003.0] * 3


def test_from_env(function_env: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function's variables name the table, and say what happens to requests that cannot be counted."""
    monkeypatch.setenv("WHEN_COUNTERS_FAIL", "allow")
    metering = Metering.from_env()
    assert (metering.counters.table, metering.lets_through) == ("usage", True)
    assert isinstance(metering.records, UsageRecords)
    assert metering.records.kept_days == 400
    monkeypatch.setenv("MODEL_PRICES", "no JSON")
    with pytest.raises(ConfigurationError, match="MODEL_PRICES"):
        Metering.from_env()
