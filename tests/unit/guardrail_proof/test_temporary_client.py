"""A client made for a moment goes with the moment, or expires."""

from __future__ import annotations

import math
import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from guardrail_proof.temporary_client import temporary_client
from tests.unit.clients_table import TABLE, items

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def temporary(dynamodb: DynamoDBClient) -> AbstractContextManager[str]:
    return temporary_client(dynamodb, TABLE, "prove", lifetime_s=600)


def test_temporary_client_expires_and_is_deleted(dynamodb: DynamoDBClient) -> None:
    """While the block runs there is a client that expires after its lifetime; then there is none."""
    began = time.time()
    with temporary(dynamodb):
        (item,) = items(dynamodb)
        expires_at = int(item["expires_at"]["N"])
        assert began + 600 <= expires_at <= math.ceil(time.time() + 600)
    assert items(dynamodb) == []


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_temporary_client_is_deleted_however_it_ends(
    dynamodb: DynamoDBClient, ending: type[BaseException]
) -> None:
    """An exception in the block, Ctrl-C's too, takes the client away."""
    with pytest.raises(ending), temporary(dynamodb):
        raise ending
    assert items(dynamodb) == []


class Interrupted:
    """A client of DynamoDB's that loses the answer to PutItem, after DynamoDB has done it."""

    def __init__(self, client: DynamoDBClient, error: BaseException) -> None:
        self._client, self._error = client, error

    def put_item(self, **parameters: Any) -> None:
        """Does it and raises."""
        self._client.put_item(**parameters)
        raise self._error

    def delete_item(self, **parameters: Any) -> None:
        """Does it."""
        self._client.delete_item(**parameters)


def test_client_made_as_ctrl_c_came_is_deleted(dynamodb: DynamoDBClient) -> None:
    """A client that was made, though its creation was interrupted, is deleted."""
    interrupted: Any = Interrupted(dynamodb, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt), temporary(interrupted):
        pass
    assert items(dynamodb) == []


def test_first_error_is_told(dynamodb: DynamoDBClient) -> None:
    """Where the client can neither be made nor deleted, the error names what was tried first."""
    dynamodb.delete_table(TableName=TABLE)
    with pytest.raises(ClientError, match="PutItem"), temporary(dynamodb):
        pass
