"""`clients update`, `suspend` and `resume` change a client and all of its keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.gateway_cli.clients import stored
from tests.unit.gateway_cli.clients.conftest import Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

COPIED = ("state", "valid_until", "policy")


def shown(run: Run, client_id: str = "team-a") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run("show", client_id, "--json").stdout)
    return document


def copies(dynamodb: DynamoDBClient, client_id: str = "team-a") -> list[dict[str, Any]]:
    """State, expiry and policy of each of the client's items, its own first."""
    items = [item for item in stored.items(dynamodb).values() if item["client_id"]["S"] == client_id]
    items.sort(key=lambda item: not item["key_sha256"]["S"].startswith("client#"))
    return [{name: item[name] for name in COPIED if name in item} for item in items]


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        (("--name", "A"), "name", "A"),
        (("--name", ""), "name", None),
        (("--owner", "bob"), "owner", "bob"),
        (("--owner", " "), "owner", None),
        (("--model", "x", "--model", "y", "--model", "x"), "models", ["x", "y"]),
        (("--model", "*"), "models", None),
        (("--max-completion-tokens", "7"), "max_completion_tokens", 7),
        (("--max-completion-tokens", "none"), "max_completion_tokens", None),
        (("--requests-per-minute", "8"), "requests_per_minute", 8),
        (("--requests-per-minute", "none"), "requests_per_minute", None),
        (("--tokens-per-minute", "5"), "tokens_per_minute", 5),
        (("--tokens-per-day", "1000000000"), "tokens_per_day", 1_000_000_000),
        (("--concurrent-requests", "200"), "concurrent_requests", 200),
        (("--monthly-budget-usd", "49.99"), "monthly_budget_usd", 49.99),
        (("--monthly-budget-usd", "49.9"), "monthly_budget_usd", 49.9),
        (("--monthly-budget-usd", "10000000"), "monthly_budget_usd", 10_000_000),
        (("--stream",), "stream", True),
        (("--no-jobs",), "jobs", False),
        (("--expires", "2031-02-03T04:05:06+01:00"), "expires", "2031-02-03T03:05:06Z"),
        (("--expires", "2031-02-03T04:05"), "expires", "2031-02-03T04:05:00Z"),
        (("--expires", "never"), "expires", None),
    ],
)
def test_only_what_is_given_changes(run: Run, options: tuple[str, ...], field: str, value: Any) -> None:
    """An option changes its field; all other fields stay."""
    limits = ("--model", "m", "--max-completion-tokens", "5", "--no-stream", "--expires", "2030-01-01")
    run("create", "team-a", "--name", "Team", "--owner", "ada", *limits, "--requests-per-minute", "9")
    before = shown(run)
    assert run("update", "team-a", *options).exit_code == 0
    after = shown(run)
    after.pop("budget_used_usd", None)
    assert after == {**before, field: value}


def test_every_key_gets_the_change(run: Run, dynamodb: DynamoDBClient) -> None:
    """After an update, each key's item has what the client's own item has."""
    run("create", "team-a")
    run("rotate", "team-a")
    for options in (("--model", "m"), ("--expires", "2030-01-01"), ("--model", "*", "--expires", "never")):
        assert run("update", "team-a", *options).exit_code == 0
        own, *keys = copies(dynamodb)
        assert keys == [own, own]
    assert own == {"state": {"S": "active"}}


def test_nothing_to_change_is_wrong_usage(run: Run, dynamodb: DynamoDBClient) -> None:
    """An update needs an option that changes something; --now alone is none."""
    run("create", "team-a")
    before = stored.items(dynamodb)
    for options in ((), ("--now",)):
        result = run("update", "team-a", *options)
        assert result.exit_code == 2
        assert "Nothing to change" in result.stderr
    assert stored.items(dynamodb) == before


@pytest.mark.parametrize(
    "command",
    ["show", "update --name x", "rotate", "revoke --yes", "suspend --yes", "resume", "delete --yes"],
)
def test_unknown_client_is_named(run: Run, command: str) -> None:
    """A client that does not exist is an error, before any question."""
    name, *options = command.split()
    result = run(name, "nobody", *options)
    assert result.exit_code == 1
    assert result.stderr == "Error: There is no client nobody.\n"


def test_last_use_survives_an_update(run: Run, dynamodb: DynamoDBClient) -> None:
    """What the authorizer writes into a key's item stays there."""
    hash_ = stored.sha256(run("create", "team-a").stdout.strip())
    dynamodb.update_item(
        TableName="clients",
        Key={"key_sha256": {"S": hash_}},
        UpdateExpression="SET last_used_on = :day",
        ExpressionAttributeValues={":day": {"S": "2026-11-01"}},
    )
    run("update", "team-a", "--model", "m")
    assert stored.items(dynamodb)[hash_]["last_used_on"] == {"S": "2026-11-01"}


def test_too_large_a_policy_changes_nothing(run: Run, dynamodb: DynamoDBClient) -> None:
    """An update to a policy over 2 kB leaves the client as it was."""
    run("create", "team-a")
    before = stored.items(dynamodb)
    result = run("update", "team-a", *(o for n in range(9) for o in ("--model", f"{n}" * 250)))
    assert result.exit_code == 1
    assert "at most 2048" in result.stderr
    assert stored.items(dynamodb) == before


@pytest.mark.parametrize(
    ("limits", "options", "says"),
    [
        ("", "--tokens-per-day 100", "needs max_completion_tokens"),
        ("", "--monthly-budget-usd 5", "needs max_completion_tokens"),
        ("--monthly-budget-usd 5", "--max-completion-tokens none", "needs max_completion_tokens"),
        ("--tokens-per-minute 10", "--max-completion-tokens 11", "tokens_per_minute must not be smaller"),
    ],
)
def test_unusable_policy_changes_nothing(
    run: Run, dynamodb: DynamoDBClient, limits: str, options: str, says: str
) -> None:
    """An update to limits that contradict each other leaves the client as it was."""
    run("create", "team-a", *(f"{limits} --max-completion-tokens 10".split() if limits else ()))
    before = stored.items(dynamodb)
    assert len(before) == 2
    result = run("update", "team-a", *options.split())
    assert result.exit_code == 1
    assert says in result.stderr
    assert stored.items(dynamodb) == before


def test_suspended_client_is_suspended_everywhere(run: Run, dynamodb: DynamoDBClient) -> None:
    """Suspending and resuming change the state alone, in each item, and keep all keys."""
    run("create", "team-a", "--model", "m")
    run("rotate", "team-a")
    own, *_ = copies(dynamodb)
    assert run("suspend", "team-a", "--yes").exit_code == 0
    assert copies(dynamodb) == [{**own, "state": {"S": "suspended"}}] * 3
    assert run("resume", "team-a").exit_code == 0
    assert copies(dynamodb) == [own] * 3


def test_update_does_not_resume(run: Run) -> None:
    """A suspended client stays suspended through an update."""
    run("create", "team-a")
    run("suspend", "team-a", "--yes")
    run("update", "team-a", "--name", "A")
    assert shown(run)["state"] == "suspended"


@pytest.mark.parametrize("command", ["update --name Old", "suspend --yes", "rotate", "resume"])
def test_legacy_client_is_adopted(run: Run, dynamodb: DynamoDBClient, command: str) -> None:
    """The first change of a client that has no item of its own creates that item."""
    (hash_,) = stored.put_legacy(dynamodb, "old")
    name, *options = command.split()
    assert run(name, "old", *options).exit_code == 0
    items = stored.items(dynamodb)
    assert hash_ in items["client#old"]["keys"]["SS"]
    assert items["client#old"]["created_at"] == {"S": "2026-01-01T00:00:00+00:00"}
    assert items[hash_]["state"] == items["client#old"]["state"]


def test_a_key_beside_the_list_is_found(run: Run, dynamodb: DynamoDBClient) -> None:
    """A key that an earlier version added to a client changes with the client."""
    run("create", "team-a", "--model", "m")
    (hash_,) = stored.put_legacy(dynamodb, "team-a")
    run("update", "team-a", "--no-jobs")
    items = stored.items(dynamodb)
    assert items[hash_]["policy"] == items["client#team-a"]["policy"]
    assert hash_ in items["client#team-a"]["keys"]["SS"]


def test_unknown_policy_is_kept(run: Run, dynamodb: DynamoDBClient) -> None:
    """A policy of a later version is not overwritten, and does not hinder suspending the client."""
    policy = {"S": '{"v":2,"colour":"red"}'}
    stored.put(dynamodb, "client#team-a", "team-a", policy=policy, version={"N": "3"}, later={"S": "x"})
    result = run("update", "team-a", "--name", "A")
    assert result.exit_code == 1
    assert "cannot read: policy" in result.stderr
    assert run("suspend", "team-a", "--yes").exit_code == 0
    own = stored.items(dynamodb)["client#team-a"]
    assert (own["policy"], own["later"], own["state"]) == (policy, {"S": "x"}, {"S": "suspended"})
    assert own["version"] == {"N": "4"}


def test_resume_says_that_the_client_has_expired(run: Run, dynamodb: DynamoDBClient) -> None:
    """Resuming does not renew an expired client, and says so."""
    stored.put(dynamodb, "client#team-a", "team-a", valid_until={"N": "5"}, state={"S": "suspended"})
    result = run("resume", "team-a")
    assert result.exit_code == 0
    assert "It has expired" in result.stderr
