"""`clients list` and `clients show`, for people and for scripts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from chat_gateway.client_policies import charges
from client_keys.policy import Policy
from client_usage import item as usage_item
from gateway_cli import stack_outputs
from gateway_cli.usage import days
from tests.unit import usage_table
from tests.unit.gateway_cli.clients import stored
from tests.unit.gateway_cli.clients.conftest import Run
from tests.unit.gateway_cli.outputs import OUTPUTS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LIMITS = (
    *("--model", "openai.*", "--model", "x", "--max-completion-tokens", "9", "--no-stream", "--no-jobs"),
    *("--requests-per-minute", "60", "--tokens-per-minute", "1000", "--tokens-per-day", "20000"),
    *("--concurrent-requests", "5"),
)
BUDGET = ("--max-completion-tokens", "9", "--monthly-budget-usd", "50")


@pytest.fixture
def used(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """team-a used 12.34 USD this month, and more in the month before."""
    usage_table.create(dynamodb)
    usage_table.put_cost_of_month(dynamodb, "team-a", "202611", 12_340_000_001)
    monkeypatch.setattr(days, "today", lambda: date(2026, 11, 30))


def documents(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("list", "--json").stdout.splitlines()]


def test_json_shape(run: Run) -> None:
    """A client's JSON has these fields, in `list` and in `show`, and names keys by 12 digits of their hashes."""
    key = run("create", "team-a", "--name", "A", "--owner", "ada", *LIMITS, "--expires", "2030-01-01").stdout
    (document,) = documents(run)
    assert document == json.loads(run("show", "team-a", "--json").stdout)
    created = document["created"]
    assert created.endswith("Z")
    hash_ = stored.sha256(key.strip())
    assert document == {
        "id": "team-a",
        "name": "A",
        "owner": "ada",
        "state": "active",
        "expired": False,
        "expires": "2030-01-01T00:00:00Z",
        "models": ["openai.*", "x"],
        "max_completion_tokens": 9,
        "requests_per_minute": 60,
        "tokens_per_minute": 1000,
        "tokens_per_day": 20_000,
        "concurrent_requests": 5,
        "monthly_budget_usd": None,
        "stream": False,
        "jobs": False,
        "created": created,
        "last_used": None,
        "keys": [{"id": hash_[:12], "created": created, "last_used": None, "expires": None}],
        "unreadable": [],
    }


def test_no_output_has_a_key(run: Run) -> None:
    """Neither a key nor its whole hash is shown."""
    key = run("create", "team-a").stdout.strip()
    for command in (("list",), ("list", "--json"), ("show", "team-a"), ("show", "team-a", "--json")):
        output = run(*command).output
        assert key not in output
        assert stored.sha256(key) not in output
        assert stored.sha256(key)[:12] in output


def test_last_use_is_the_latest(run: Run, dynamodb: DynamoDBClient) -> None:
    """A client was used last when one of its keys was."""
    for number, day in enumerate(("2026-11-02", "2026-11-10", "2026-10-30")):
        stored.put(dynamodb, stored.sha256(str(number)), "old", last_used_on={"S": day})
    assert documents(run)[0]["last_used"] == "2026-11-10"
    assert "2026-11-10" in run("list").stdout


def test_legacy_clients_are_listed(run: Run, dynamodb: DynamoDBClient) -> None:
    """A client of an earlier version has no limits, and all of its keys are listed, the oldest first."""
    hashes = stored.put_legacy(dynamodb, "old", keys=3)
    (document,) = documents(run)
    assert [key["id"] for key in document["keys"]] == [hash_[:12] for hash_ in hashes]
    assert (document["models"], document["created"]) == (None, "2026-01-01T00:00:00Z")
    assert all(hash_[:12] in run("show", "old").stdout for hash_ in hashes)


def test_clients_are_sorted(run: Run) -> None:
    """The list is in the order of the ids."""
    for client_id in ("b", "c", "a"):
        run("create", client_id)
    assert [document["id"] for document in documents(run)] == ["a", "b", "c"]


def test_table_shows_limits_and_state(run: Run) -> None:
    """People see the limits in words, and whether the client is suspended."""
    run("create", "team-a", "--name", "Team A", *LIMITS)
    run("suspend", "team-a", "--yes")
    listed, shown = run("list").stdout, run("show", "team-a").stdout
    for words in ("suspended", "Team A"):
        assert words in listed
        assert words in shown
    assert "2 models, 9 tokens/answer, 60 requests/min, 1000 tokens/min, 20000 tokens/day" in listed
    assert "20000 tokens/day, 5 at a time, no streaming, no jobs" in listed
    assert re.search(r"^requests per minute +60 *$", shown, re.MULTILINE)
    assert "openai.*" in shown
    assert "\x1b" not in listed + shown  # plain where the output is no terminal


def test_budget_is_shown_with_its_use(run: Run, used: None) -> None:
    """`show` says how much of the month's budget is used; `list` reads no counters."""
    run("create", "team-a", *BUDGET)
    assert re.search(r"^monthly budget +50.00 USD, 12.34 used *$", run("show", "team-a").stdout, re.MULTILINE)
    document = json.loads(run("show", "team-a", "--json").stdout)
    assert (document["monthly_budget_usd"], document["budget_used_usd"]) == (50, 12.340000001)
    assert "50.00 USD/month" in run("list").stdout.replace("\n", "")
    assert "budget_used_usd" not in documents(run)[0]


@pytest.mark.parametrize("today", [date(2026, 12, 1), date(2026, 10, 31), date(2027, 11, 1)])
def test_budget_begins_anew_each_month(
    run: Run, used: None, monkeypatch: pytest.MonkeyPatch, today: date
) -> None:
    """Nothing is used of a month that has no counter, nor by a client without counters."""
    monkeypatch.setattr(days, "today", lambda: today)
    for client_id in ("team-a", "team-b"):
        run("create", client_id, *BUDGET)
        assert "50.00 USD, 0.00 used" in run("show", client_id).stdout


def test_counter_is_the_gateways(run: Run, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the gateway charges to a budget is what `show` reads."""
    usage_table.create(dynamodb)
    policy = Policy(max_completion_tokens=9, monthly_budget_cents=5000)
    (charge,) = charges.of(policy, tokens=1, cost_nano_usd=7_000_000_000, now_s=1_798_761_599)
    item = {**usage_item.of_counters("team-a"), charge.attribute: {"N": str(charge.amount)}}
    dynamodb.put_item(TableName=usage_table.TABLE, Item=item)
    monkeypatch.setattr(days, "today", lambda: date(2026, 12, 31))
    run("create", "team-a", *BUDGET)
    assert "50.00 USD, 7.00 used" in run("show", "team-a").stdout


def test_no_budget_asks_no_counters(run: Run, used: None) -> None:
    """A client without a budget has no use of one."""
    run("create", "team-a", "--max-completion-tokens", "9")
    assert "used" not in run("show", "team-a").stdout.replace("last used", "")
    assert "budget_used_usd" not in json.loads(run("show", "team-a", "--json").stdout)


@pytest.mark.parametrize("table", [None, "not-there"])
def test_unread_counters_hide_no_client(run: Run, monkeypatch: pytest.MonkeyPatch, table: str | None) -> None:
    """Where the usage table is missing or cannot be read, the budget is shown without its use."""
    monkeypatch.setattr(stack_outputs, "read", lambda *_: replace(OUTPUTS, usage_table=table))
    run("create", "team-a", *BUDGET)
    assert re.search(r"^monthly budget +50.00 USD *$", run("show", "team-a").stdout, re.MULTILINE)
    assert json.loads(run("show", "team-a", "--json").stdout)["budget_used_usd"] is None


def test_list_is_complete(run: Run, dynamodb: DynamoDBClient) -> None:
    """A table that DynamoDB returns in several answers is listed as a whole."""
    for number in range(5):
        stored.put(dynamodb, f"client#team-{number}", f"team-{number}", later={"S": "x" * 300_000})
    assert len(documents(run)) == 5
    assert run("show", "team-4").exit_code == 0


def test_no_clients_is_no_table(run: Run) -> None:
    """An empty environment prints nothing on standard output."""
    assert (run("list").stdout, run("list", "--json").stdout) == ("", "")
    assert "no clients" in run("list").stderr


@pytest.mark.parametrize("expiry", ["valid_until", "expires_at"])
def test_expired_client_is_shown_as_expired(run: Run, dynamodb: DynamoDBClient, expiry: str) -> None:
    """A client is expired if its own expiry, or the one of each of its keys, has passed."""
    own: dict[str, Any] = {"valid_until": {"N": "5"}} if expiry == "valid_until" else {}
    stored.put(dynamodb, "client#team-a", "team-a", **own)
    stored.put(dynamodb, "ab" * 32, "team-a", **{expiry: {"N": "5"}})
    (document,) = documents(run)
    assert (document["state"], document["expired"]) == ("active", True)
    assert "expired" in run("list").stdout
    assert "1970-01-01T00:00:05Z" in run("show", "team-a").stdout


@pytest.mark.parametrize(
    ("attributes", "unreadable"),
    [
        ({"policy": {"S": '{"v":2}'}}, ["policy"]),
        ({"policy": {"N": "1"}}, ["policy"]),
        ({"policy": {"S": "[" * 1500}}, ["policy"]),
        ({"valid_until": {"S": "soon"}}, ["expires"]),
        ({"valid_until": {"N": "1e99"}}, ["expires"]),
        ({"valid_until": {"N": "-1"}, "policy": {"S": ""}}, ["policy", "expires"]),
        ({"name": {"N": "1"}, "state": {"N": "1"}, "created_at": {"N": "1"}, "keys": {"S": "x"}}, []),
    ],
)
def test_unreadable_items_are_shown(
    run: Run, dynamodb: DynamoDBClient, attributes: dict[str, Any], unreadable: list[str]
) -> None:
    """Whatever another version or a person wrote, the client is listed, and what cannot be read is named."""
    stored.put(dynamodb, "client#team-a", "team-a", **attributes)
    (document,) = documents(run)
    assert document["unreadable"] == unreadable
    listed, shown = run("list"), run("show", "team-a")
    assert (listed.exit_code, shown.exit_code) == (0, 0)
    assert all(f"{name} not" in listed.stdout and name in shown.stdout for name in unreadable)


def test_escapes_reach_no_terminal(run: Run, dynamodb: DynamoDBClient) -> None:
    """Control characters and markup in an item are not acted on."""
    stored.put(dynamodb, "client#team-a", "team-a", name={"S": "\x1b[2J[red]x"})
    output = run("list").stdout + run("show", "team-a").stdout
    assert "\x1b" not in output
    assert "[red]x" in output


def test_items_of_nobody_are_left_out(run: Run, dynamodb: DynamoDBClient) -> None:
    """An item without a client, or with another client's name, is no client."""
    dynamodb.put_item(TableName="clients", Item={"key_sha256": {"S": "ab" * 32}})
    stored.put(dynamodb, "client#other", "team-a")
    assert documents(run) == []


@pytest.mark.parametrize("width", [20, 40, 80])
def test_narrow_terminals_lose_nothing(run: Run, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    """A long pattern is folded, not cut."""
    run("create", "team-a", "--model", "m" * 200)
    monkeypatch.setattr("gateway_cli.jobs.screen._WIDTH_OF_FILES", width)
    assert run("show", "team-a").stdout.count("m") >= 200
