"""A temporary client is deleted after use, or expires."""

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
    """An exception in the block, also from Ctrl-C, deletes the client."""
    with pytest.raises(ending), temporary(dynamodb):
        raise ending
    assert items(dynamodb) == []


class Interrupted:
    """A DynamoDB client that loses the answer to PutItem after DynamoDB has stored the item."""

    def __init__(self, client: DynamoDBClient, error: BaseException) -> None:
        self._client, self._error = client, error

    def put_item(self, **parameters: Any) -> None:
        """Stores the item and raises."""
        self._client.put_item(**parameters)
        raise self._error

    def delete_item(self, **parameters: Any) -> None:
        """Deletes the item."""
        self._client.delete_item(**parameters)


def test_client_made_as_ctrl_c_came_is_deleted(dynamodb: DynamoDBClient) -> None:
    """A client whose creation was interrupted is deleted."""
    interrupted: Any = Interrupted(dynamodb, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt), temporary(interrupted):
        pass
    assert items(dynamodb) == []


def test_first_error_is_told(dynamodb: DynamoDBClient) -> None:
    """If the client can be neither made nor deleted, the error names the creation."""
    dynamodb.delete_table(TableName=TABLE)
    with pytest.raises(ClientError, match="PutItem"), temporary(dynamodb):
        pass
