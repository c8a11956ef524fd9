"""Reads and writes items of the clients table."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from chat_gateway.aws.json_client import ATTEMPTS, AwsJsonClient
from chat_gateway.aws.settings import AwsSettings
from chat_gateway.client_policies.settings import ClientsSettings
from client_keys import item as client_item
from client_keys.item import Item

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


# The caller waits for it, and does not need it.
_NOTING_S = 0.5


class DynamoDb(Protocol):
    """DynamoDB's operations; AwsJsonClient and AwsJsonPool are two."""

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        ends_at: float = math.inf,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        """The operation's output, by `ends_at` (on time.monotonic()). Raises AwsCallError.

        If not `is_repeatable`, the call is tried again only where DynamoDB said that it did nothing.
        """


def new_dynamodb_client(aws: AwsSettings, *, attempts: int = ATTEMPTS) -> AwsJsonClient:
    """A client of DynamoDB that takes one call at a time."""
    return AwsJsonClient(
        aws, service="dynamodb", target_prefix="DynamoDB_20120810", json_version="1.0", attempts=attempts
    )


class ClientsTable(NamedTuple):
    """The table of keys and clients. Its methods raise AwsCallError."""

    dynamodb: DynamoDb
    name: str

    @classmethod
    def from_env(cls) -> ClientsTable:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(new_dynamodb_client(AwsSettings.from_env()), ClientsSettings.from_env().clients_table)

    def key_item(self, key: str) -> Item:
        """The item of that key; empty if there is none."""
        return self._item(client_item.of_key(key))

    def role_item(self, arn: str) -> Item:
        """The item of that IAM role or user; empty if there is none."""
        return self._item(client_item.of_role(arn))

    def client_item(self, client_id: str) -> Item:
        """The client's own item; empty if there is none."""
        return self._item(client_item.of_client(client_id))

    def note_use(self, key: str, day: str) -> None:
        """Writes the day (YYYY-MM-DD) to the item of that key, if the item still exists."""
        self.dynamodb.call(
            "UpdateItem",
            {
                "TableName": self.name,
                "Key": client_item.of_key(key),
                "UpdateExpression": "SET #used = :day",
                "ConditionExpression": "attribute_exists(#hash)",
                "ExpressionAttributeNames": {"#used": client_item.LAST_USED, "#hash": client_item.HASH},
                "ExpressionAttributeValues": {":day": {"S": day}},
            },
            ends_at=time.monotonic() + _NOTING_S,
        )

    def _item(self, key: Item) -> Item:
        # Consistent: API Gateway would cache a Deny for a key that was made a second ago.
        query = {"TableName": self.name, "Key": key, "ConsistentRead": True}
        return self.dynamodb.call("GetItem", query).get("Item") or {}
