"""The table of what clients use: its schema, who may write it, and the settings that reach the functions."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from chat_gateway.client_policies.settings import UsageSettings
from chat_gateway.http_api.settings import HttpSettings
from chat_gateway.jobs.settings import WorkerSettings
from client_usage import item as usage_item
from client_usage import prices
from infra.settings import guardrail_policy
from infra.settings.guardrail import OwnGuardrail
from infra.settings.prices import Prices
from tests.infra.conftest import Synthesised, changed, resolved, stack_of, synthesised

BOTH = ["api", "worker"]
TABLE = "AWS::DynamoDB::Table"
EXISTING = {"kind": "existing", "identifier": "abc123", "version": "7"}
NONE = {"kind": "none", "callers_may_go_unguarded": True}
OWN: dict[str, Any] = {}
DEFAULT_NANO_USD = int(prices.guardrail_usd_per_1000_text_units(guardrail_policy.default()) * 10**9 / 1000)


@cache
def with_settings(document: str) -> Synthesised:
    """`dev` with these tables, as JSON, in place of its own."""
    return stack_of(changed("dev", **json.loads(document)))


def usage(function: str, **tables: Any) -> UsageSettings:
    """The usage settings that the function reads in `dev` with these tables."""
    return UsageSettings.from_env(with_settings(json.dumps(tables)).variables(function))


def records_usage(stack: Synthesised) -> tuple[bool, bool]:
    """Whether the chat function and the worker record the usage of all clients."""
    http = HttpSettings.from_env(stack.variables("api"))
    return http.record_usage, WorkerSettings.from_env(stack.variables("worker")).record_usage


def usage_table_id(stack: Synthesised) -> str:
    (id_,) = (id_ for id_ in stack.resources(TABLE) if id_.startswith("Usage"))
    return id_


def grants(stack: Synthesised, table: str) -> dict[str, list[Any]]:
    """By the policy's logical id, the actions that it allows on the table."""
    found: dict[str, list[Any]] = {}
    for id_, policy in stack.resources("AWS::IAM::Policy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            if f'"{table}"' in json.dumps(statement["Resource"]):
                found.setdefault(id_, []).append((statement["Effect"], statement["Action"]))
    return found


def test_the_tables_keys_are_the_items(stack: Synthesised) -> None:
    """The table has the partition key and the sort key of the usage items; both are strings."""
    table = stack.one(TABLE, "Usage")
    keys = [usage_item.PARTITION_KEY, usage_item.SORT_KEY]
    assert table["KeySchema"] == [
        {"AttributeName": name, "KeyType": kind} for name, kind in zip(keys, ["HASH", "RANGE"], strict=True)
    ]
    assert table["AttributeDefinitions"] == [{"AttributeName": name, "AttributeType": "S"} for name in keys]


def test_usage_ends_and_can_be_restored(stack: Synthesised) -> None:
    """DynamoDB deletes expired items, bills by request, and can restore the table to any point of time."""
    table = stack.one(TABLE, "Usage")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": usage_item.EXPIRY, "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.parametrize(
    ("name", "protected", "policy"),
    [
        ("dev", False, "Delete"),
        ("local", False, "Delete"),
        ("staging", True, "RetainExceptOnCreate"),
        ("prod", True, "RetainExceptOnCreate"),
    ],
)
def test_usage_outlives_the_stack_as_clients_do(name: str, protected: bool, policy: str) -> None:
    """The usage table is protected and kept where the clients table is."""
    stack = synthesised(name)
    for table in ("Usage", "Clients"):
        assert stack.one(TABLE, table)["DeletionProtectionEnabled"] is protected
    assert stack.template["Resources"][usage_table_id(stack)]["DeletionPolicy"] == policy


@pytest.mark.parametrize("name", ["prod", "local"])
def test_only_two_roles_may_write_usage(name: str) -> None:
    """The chat function and the worker may update usage items. No role may do anything else with the table."""
    stack = synthesised(name, prove_on_deploy="true")
    allowed = grants(stack, usage_table_id(stack))
    assert sorted(id_.partition("Role")[0] for id_ in allowed) == ["ChatFunctionChat", "JobWorker"]
    assert list(allowed.values()) == [[("Allow", "dynamodb:UpdateItem")]] * 2


def test_the_tables_name_is_an_output(stack: Synthesised) -> None:
    """The output names the usage table, and both functions have the same name."""
    id_ = usage_table_id(stack)
    assert resolved(stack.template["Outputs"]["UsageTableName"]["Value"]) == id_
    assert {UsageSettings.from_env(stack.variables(function)).usage_table for function in BOTH} == {id_}


@pytest.mark.parametrize("function", BOTH)
def test_the_shipped_files_record_limits_only(function: str) -> None:
    """An environment that sets nothing records only clients with limits, and refuses without counters."""
    stack = synthesised("prod")
    settings = UsageSettings.from_env(stack.variables(function))
    assert records_usage(stack) == (False, False)
    assert (settings.usage_kept_days, settings.when_counters_fail) == (400, "refuse")
    assert settings.model_prices is None


def test_the_settings_of_clients_reach_the_functions() -> None:
    """Each setting of `clients` reaches the chat function and the worker."""
    clients = {"record_usage": True, "when_counters_fail": "allow", "usage_kept_days": 31}
    assert records_usage(with_settings(json.dumps({"clients": clients}))) == (True, True)
    for function in BOTH:
        settings = usage(function, clients=clients)
        assert (settings.usage_kept_days, settings.when_counters_fail) == (31, "allow")


@pytest.mark.parametrize("function", BOTH)
@pytest.mark.parametrize(
    ("guardrail", "set_price", "nano_usd"),
    [
        (OWN, None, DEFAULT_NANO_USD),
        (EXISTING, None, None),
        (NONE, None, 0),
        (OWN, 0.75, 750_000),
        (EXISTING, 0.000001, 1),
        (NONE, 0.15, 150_000),
        (OWN, 0, 0),
    ],
)
def test_the_guardrails_price_reaches_functions(
    function: str, guardrail: dict[str, Any], set_price: float | None, nano_usd: int | None
) -> None:
    """A price that is set wins. An own guardrail has its policies' price, no guardrail 0, and an existing one none."""
    own_prices = {} if set_price is None else {"guardrail_usd_per_1000_text_units": set_price}
    found = usage(function, guardrail=guardrail, prices=own_prices).guardrail_nano_usd_per_text_unit
    assert found == nano_usd


@pytest.mark.parametrize("function", BOTH)
def test_a_guardrail_for_one_deployment_is_unpriced(function: str) -> None:
    """A guardrail from the command line is an existing one, so its price is not known."""
    own, other = synthesised("prod", None), synthesised("prod", "abc:1")
    priced = UsageSettings.from_env(own.variables(function)).guardrail_nano_usd_per_text_unit
    assert priced == DEFAULT_NANO_USD > 0
    assert "GUARDRAIL_NANO_USD_PER_TEXT_UNIT" not in other.variables(function)


@pytest.mark.parametrize("function", BOTH)
def test_models_prices_reach_the_functions(function: str) -> None:
    """The functions read the prices of models as they are in the file, whole numbers too."""
    models = [
        {"model": "openai.gpt-oss-20b-1:0", "input": 0.07, "output": 10, "cached_input": 0.000001},
        {"model": "us.xai.grok", "input": 0.0, "output": 10_000.0, "cache_write": 2.5},
    ]
    text = usage(function, prices={"models": models}).model_prices
    assert text is not None
    assert json.loads(text) == {
        "openai.gpt-oss-20b-1:0": ["0.07", "10", "0.000001", None],
        "us.xai.grok": ["0", "10000", None, "2.5"],
    }
    assert prices.Prices.from_text(text).own.keys() == {"openai.gpt-oss-20b-1:0", "us.xai.grok"}


def test_a_guardrails_price_is_rounded_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list price of less than a billionth of a US dollar for a text unit is a billionth, not 0."""
    monkeypatch.setattr(prices, "guardrail_usd_per_1000_text_units", lambda _: Decimal("0.0000001"))
    assert Prices().guardrail_nano_usd_per_text_unit(OwnGuardrail()) == 1
