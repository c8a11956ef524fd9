"""Each change is one transaction: if one item is not as it was read, none is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from client_keys import table as new_keys
from gateway_cli.clients import changes, speech
from gateway_cli.clients.errors import ChangedMeanwhileError
from gateway_cli.clients.records import StoredClient
from gateway_cli.clients.settings import ClientSettings
from gateway_cli.clients.table import ClientsTable
from tests.unit.gateway_cli.clients import stored
from tests.unit.gateway_cli.clients.conftest import Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Change = Callable[[ClientsTable, StoredClient], object]
CHANGES: dict[str, Change] = {
    "update": lambda table, client: changes.update(table, client, ClientSettings(name="new")),
    "suspend": lambda table, client: changes.set_active(table, client, is_active=False),
    "resume": lambda table, client: changes.set_active(table, client, is_active=True),
    "rotate": changes.rotate,
    "revoke": lambda table, client: changes.revoke(table, client, client.keys),
    "delete": lambda table, client: table.delete(client),
}


def delete_item(dynamodb: DynamoDBClient, hash_: str) -> None:
    dynamodb.delete_item(TableName="clients", Key={"key_sha256": {"S": hash_}})


def refused(dynamodb: DynamoDBClient, table: ClientsTable, change: Change, client: StoredClient) -> None:
    before = stored.items(dynamodb)
    with pytest.raises(
        ChangedMeanwhileError, match=r"changed by someone else meanwhile\. Run the command again"
    ):
        change(table, client)
    assert stored.items(dynamodb) == before


@pytest.mark.parametrize("name", CHANGES)
def test_stale_client_is_not_changed(dynamodb: DynamoDBClient, table: ClientsTable, name: str) -> None:
    """A client that someone else has changed since it was read stays as it is."""
    changes.create(table, "team-a", ClientSettings())
    stale = table.client("team-a")
    changes.update(table, stale, ClientSettings(owner="someone"))
    refused(dynamodb, table, CHANGES[name], stale)


@pytest.mark.parametrize("name", CHANGES)
def test_deleted_client_does_not_come_back(dynamodb: DynamoDBClient, table: ClientsTable, name: str) -> None:
    """A client that someone else has deleted meanwhile stays deleted."""
    changes.create(table, "team-a", ClientSettings())
    stale = table.client("team-a")
    table.delete(stale)
    refused(dynamodb, table, CHANGES[name], stale)


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("is_legacy", [False, True])
def test_missing_key_changes_nothing(
    dynamodb: DynamoDBClient, table: ClientsTable, name: str, is_legacy: bool
) -> None:
    """If one key's item is gone, neither the client's own item nor its other key is changed."""
    if is_legacy:
        stored.put_legacy(dynamodb, "team-a")
    else:
        changes.create(table, "team-a", ClientSettings())
        changes.revoke(table, table.client("team-a"), table.client("team-a").keys)
        changes.rotate(table, table.client("team-a"))
    stale = table.client("team-a")
    delete_item(dynamodb, stale.keys[0].sha256)
    refused(dynamodb, table, CHANGES[name], stale)


@pytest.mark.parametrize("name", CHANGES)
def test_legacy_client_is_adopted_once(dynamodb: DynamoDBClient, table: ClientsTable, name: str) -> None:
    """A client of an earlier version that someone else has adopted meanwhile is not overwritten."""
    stored.put_legacy(dynamodb, "old")
    stale = table.client("old")
    changes.update(table, stale, ClientSettings(owner="someone"))
    refused(dynamodb, table, CHANGES[name], stale)


def test_key_of_another_client_is_not_taken(
    dynamodb: DynamoDBClient, table: ClientsTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new key whose item exists is refused, and the client stays without it."""
    key = changes.create(table, "team-a", ClientSettings())
    changes.create(table, "team-b", ClientSettings())
    monkeypatch.setattr(new_keys, "new_key", lambda: key)
    refused(dynamodb, table, changes.rotate, table.client("team-b"))


def test_key_that_changed_hands_is_not_written(dynamodb: DynamoDBClient, table: ClientsTable) -> None:
    """A key's item that belongs to another client by now does not get this client's policy."""
    (hash_,) = stored.put_legacy(dynamodb, "old")
    stale = table.client("old")
    stored.put(dynamodb, hash_, "other")
    refused(dynamodb, table, CHANGES["suspend"], stale)


def test_change_during_the_question_is_told(
    run: Run, table: ClientsTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If someone changes the client while the operator is asked, the command fails and says so."""
    run("create", "team-a")
    monkeypatch.setattr(
        speech, "confirm", lambda *_, **__: changes.update(table, table.client("team-a"), ClientSettings())
    )
    result = run("suspend", "team-a")
    assert result.exit_code == 1
    assert "Nothing was changed: the client team-a was changed by someone else meanwhile." in result.stderr
    assert table.client("team-a").settings.is_active


def test_item_without_a_version_is_changed(dynamodb: DynamoDBClient, table: ClientsTable) -> None:
    """An own item that a person wrote by hand can be changed, and then has a version."""
    stored.put(dynamodb, "client#team-a", "team-a")
    stale = table.client("team-a")
    changes.set_active(table, stale, is_active=False)
    assert stored.items(dynamodb)["client#team-a"]["version"] == {"N": "1"}
    refused(dynamodb, table, CHANGES["resume"], stale)


def test_throttling_is_not_blamed_on_others(
    run: Run, table: ClientsTable, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction that DynamoDB cancels for another reason ends with DynamoDB's own words."""
    run("create", "team-a")

    def throttled(**_: object) -> None:
        raise dynamodb.exceptions.TransactionCanceledException(
            {
                "Error": {
                    "Code": "TransactionCanceledException",
                    "Message": "reasons [None, ThrottlingError]",
                },
                "CancellationReasons": [{"Code": "None"}, {"Code": "ThrottlingError"}],
            },
            "TransactWriteItems",
        )

    monkeypatch.setattr(dynamodb, "transact_write_items", throttled)
    result = run("suspend", "team-a", "--yes")
    assert result.exit_code == 1
    assert "ThrottlingError" in result.stderr
    assert "someone else" not in result.stderr
    assert table.client("team-a").settings.is_active
