"""Reads the clients table, and writes a client and all of its keys in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from client_keys import item as client_item
from client_keys.item import Item
from gateway_cli.clients import records
from gateway_cli.clients.errors import ChangedMeanwhileError, KeysError, NoSuchClientError
from gateway_cli.clients.records import StoredClient, StoredKey
from gateway_cli.clients.settings import COPIED, KEYS, VERSION
from gateway_cli.jobs import aws_clients

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from gateway_cli.stack_outputs import StackOutputs

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_MAX_ACTIONS = 100
MAX_KEYS_WRITTEN = _MAX_ACTIONS - 1
_REFUSALS = {"ConditionalCheckFailed", "TransactionConflict"}
_IS_THERE, _IS_ABSENT = "attribute_exists(#hash)", "attribute_not_exists(#hash)"
_HASH = {"#hash": client_item.HASH}


@dataclass(frozen=True, slots=True)
class ClientsTable:
    """The table of an environment's clients. Its methods raise botocore's errors."""

    dynamodb: DynamoDBClient
    name: str

    @classmethod
    def of(cls, session: boto3.Session, outputs: StackOutputs) -> ClientsTable:
        return cls(aws_clients.dynamodb(session), outputs.clients_table)

    def clients(self) -> dict[str, StoredClient]:
        """All clients, by id and in the order of their ids."""
        return self._scanned()

    def find(self, client_id: str) -> StoredClient | None:
        """The client; None if there is neither an item nor a key of it.

        Reads the whole table: a key that an earlier version made stands in no client's own item.
        """
        return self._scanned(
            FilterExpression="#client = :client",
            ExpressionAttributeNames={"#client": client_item.CLIENT_ID},
            ExpressionAttributeValues={":client": {"S": client_id}},
        ).get(client_id)

    def client(self, client_id: str) -> StoredClient:
        """The client. Raises NoSuchClientError."""
        found = self.find(client_id)
        if found is None:
            raise NoSuchClientError(client_id)
        return found

    def client_of_role(self, role: str) -> str | None:
        """The id of the role's client; None if the role is nobody's, or only that of a proof."""
        found = self._scanned(
            FilterExpression="#hash = :hash",
            ExpressionAttributeNames=_HASH,
            ExpressionAttributeValues={":hash": client_item.of_role(role)[client_item.HASH]},
        )
        return next((id_ for id_, client in found.items() if not client.is_temporary), None)

    def write(self, client: StoredClient, own: Item, keys: tuple[StoredKey, ...]) -> None:
        """Makes `own` the client's own item, and `keys` its keys; `client` is the client as it was read.

        Raises ChangedMeanwhileError, and then nothing has changed.
        """
        item = {
            **own,
            **client_item.of_client(client.client_id),
            client_item.CLIENT_ID: {"S": client.client_id},
            VERSION: {"N": str(_version(client) + 1)},
        }
        item.pop(KEYS, None)
        if keys:
            item[KEYS] = {"SS": sorted(key.sha256 for key in keys)}
        copies = {name: own[name] for name in COPIED if name in own}
        before = {key.sha256: key for key in client.keys}
        after = {key.sha256: key for key in keys}
        put: Any = {"TableName": self.name, "Item": item, **_as_read(client)}
        self._transact(
            client,
            [
                {"Put": put},
                *(self._deletion(key) for hash_, key in before.items() if hash_ not in after),
                *(
                    self._copy(client.client_id, key, copies)
                    if hash_ in before
                    else self._addition(client.client_id, key, copies)
                    for hash_, key in after.items()
                ),
            ],
        )

    def delete(self, client: StoredClient) -> None:
        """Deletes the client and its keys. Raises ChangedMeanwhileError, and then nothing has changed."""
        found: Any = {
            "TableName": self.name,
            "Key": client_item.of_client(client.client_id),
            **_as_read(client),
        }
        own: TransactWriteItemTypeDef = (
            {"ConditionCheck": found} if client.item is None else {"Delete": found}
        )
        self._transact(client, [own, *(self._deletion(key) for key in client.keys)])

    def _deletion(self, key: StoredKey) -> TransactWriteItemTypeDef:
        return {
            "Delete": {
                "TableName": self.name,
                "Key": {client_item.HASH: {"S": key.sha256}},
                "ConditionExpression": _IS_THERE,
                "ExpressionAttributeNames": _HASH,
            }
        }

    def _addition(self, client_id: str, key: StoredKey, copies: Item) -> TransactWriteItemTypeDef:
        item = {**key.item, **copies, client_item.CLIENT_ID: {"S": client_id}}
        return {
            "Put": {
                "TableName": self.name,
                "Item": {**item, client_item.HASH: {"S": key.sha256}},
                "ConditionExpression": _IS_ABSENT,
                "ExpressionAttributeNames": _HASH,
            }
        }

    def _copy(self, client_id: str, key: StoredKey, copies: Item) -> TransactWriteItemTypeDef:
        """Not a Put: the authorizer writes the day of the last use to the same item."""
        names = {**_HASH, "#client": client_item.CLIENT_ID, **{f"#{name}": name for name in COPIED}}
        values = {f":{name}": value for name, value in copies.items()}
        set_ = "SET " + ", ".join(f"#{name} = :{name}" for name in copies) if copies else ""
        removed = [f"#{name}" for name in COPIED if name not in copies]
        return {
            "Update": {
                "TableName": self.name,
                "Key": {client_item.HASH: {"S": key.sha256}},
                "UpdateExpression": f"{set_} {'REMOVE ' + ', '.join(removed) if removed else ''}".strip(),
                "ConditionExpression": f"{_IS_THERE} AND #client = :client",
                "ExpressionAttributeNames": names,
                "ExpressionAttributeValues": {**values, ":client": {"S": client_id}},
            }
        }

    def _transact(self, client: StoredClient, actions: list[TransactWriteItemTypeDef]) -> None:
        if len(actions) > _MAX_ACTIONS:
            raise KeysError(
                f"Nothing was changed: the client {client.client_id} has {len(actions) - 1} keys, and DynamoDB writes "
                f"at most {MAX_KEYS_WRITTEN} with their client. Delete the items of keys that nobody uses by hand."
            )
        try:
            self.dynamodb.transact_write_items(TransactItems=actions)
        except self.dynamodb.exceptions.TransactionCanceledException as error:
            reasons: list[Any] = list(error.response.get("CancellationReasons", ()))
            if _REFUSALS.isdisjoint(reason.get("Code") for reason in reasons):
                raise
            raise ChangedMeanwhileError(client.client_id) from None

    def _scanned(self, **filter_: Any) -> dict[str, StoredClient]:
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.name, ConsistentRead=True, **filter_
        )
        return records.of_items(item for page in pages for item in page["Items"])


def _as_read(client: StoredClient) -> dict[str, Any]:
    """The condition that the client's own item is as it was read."""
    if client.item is None:
        return {"ConditionExpression": _IS_ABSENT, "ExpressionAttributeNames": _HASH}
    names = {**_HASH, "#version": VERSION}
    if VERSION not in client.item:
        condition = f"{_IS_THERE} AND attribute_not_exists(#version)"
        return {"ConditionExpression": condition, "ExpressionAttributeNames": names}
    return {
        "ConditionExpression": f"{_IS_THERE} AND #version = :version",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {":version": client.item[VERSION]},
    }


def _version(client: StoredClient) -> int:
    try:
        return int((client.item or {})[VERSION]["N"])
    except (KeyError, TypeError, ValueError):
        return 0
