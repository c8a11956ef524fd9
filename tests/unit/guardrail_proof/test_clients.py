"""A client made for a moment goes with the moment, or expires."""

from __future__ import annotations

import math
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from guardrail_proof import clients
from tests.unit.clients_table import TABLE


def items(session: boto3.Session) -> list[dict[str, Any]]:
    return list(session.client("dynamodb").scan(TableName=TABLE)["Items"])


def temporary(session: boto3.Session) -> Any:
    return clients.temporary(session, TABLE, "prove", lifetime_s=600)


def test_created_client_never_expires(clients_table: boto3.Session) -> None:
    """A client of an operator's has no `expires_at` unless one was asked for."""
    clients.create(clients_table, TABLE, "team-a")
    (item,) = items(clients_table)
    assert "expires_at" not in item


def test_created_client_expires_when_asked(clients_table: boto3.Session) -> None:
    """`expires_at` is a number of DynamoDB's, as its TTL and the authorizer need it."""
    clients.create(clients_table, TABLE, "team-a", expires_at=1_900_000_000)
    assert items(clients_table)[0]["expires_at"] == {"N": "1900000000"}


def test_temporary_client_expires_and_is_deleted(clients_table: boto3.Session) -> None:
    """While the block runs there is a client that expires after its lifetime; then there is none."""
    began = time.time()
    with temporary(clients_table):
        (item,) = items(clients_table)
        expires_at = int(item["expires_at"]["N"])
        assert began + 600 <= expires_at <= math.ceil(time.time() + 600)
    assert items(clients_table) == []


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_temporary_client_is_deleted_however_it_ends(
    clients_table: boto3.Session, ending: type[BaseException]
) -> None:
    """An exception in the block, Ctrl-C's too, takes the client away."""
    with pytest.raises(ending), temporary(clients_table):
        raise ending
    assert items(clients_table) == []


class Interrupted:
    """A session whose answer to PutItem is lost, after DynamoDB has done it."""

    def __init__(self, session: boto3.Session, error: BaseException) -> None:
        self._client, self._error = session.client("dynamodb"), error

    def client(self, _: str) -> Interrupted:
        """As a session's."""
        return self

    def put_item(self, **parameters: Any) -> None:
        """Does it and raises."""
        self._client.put_item(**parameters)
        raise self._error

    def delete_item(self, **parameters: Any) -> None:
        """Does it."""
        self._client.delete_item(**parameters)


def test_client_made_as_ctrl_c_came_is_deleted(clients_table: boto3.Session) -> None:
    """A client that was made, though its creation was interrupted, is deleted."""
    session: Any = Interrupted(clients_table, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt), temporary(session):
        pass
    assert items(clients_table) == []


def test_first_error_is_told(clients_table: boto3.Session) -> None:
    """Where the client can neither be made nor deleted, the error names what was tried first."""
    clients_table.client("dynamodb").delete_table(TableName=TABLE)
    with pytest.raises(ClientError, match="PutItem"), temporary(clients_table):
        pass
