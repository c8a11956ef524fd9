"""A client of a deployed gateway that exists only during the proof."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from client_keys import table as client_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@contextmanager
def temporary_client(
    dynamodb: DynamoDBClient, table: str, client_id: str, *, lifetime_s: float
) -> Iterator[str]:
    """A key that is deleted after the block. Without the deletion, the key expires after `lifetime_s`.

    API Gateway may accept the key until its cached policy expires. Raises botocore's errors.
    """
    key = client_table.new_key()
    with _ended(lambda: client_table.delete(dynamodb, table, key)):
        expires_at = math.ceil(time.time() + lifetime_s)
        client_table.store_temporary(dynamodb, table, client_id, key, expires_at=expires_at)
        yield key


@contextmanager
def temporary_role(
    dynamodb: DynamoDBClient, table: str, client_id: str, arn: str, *, lifetime_s: float
) -> Iterator[None]:
    """A client for the role, which is deleted after the block. A role that is a client's stays what it is.

    Without the deletion, the client expires after `lifetime_s`. Raises botocore's errors.
    """
    with _ended(lambda: client_table.delete_temporary_role(dynamodb, table, client_id, arn)):
        expires_at = math.ceil(time.time() + lifetime_s)
        client_table.store_temporary_role(dynamodb, table, client_id, arn, expires_at=expires_at)
        yield


@contextmanager
def _ended(delete: Callable[[], None]) -> Iterator[None]:
    """Deletes the client after the block."""
    try:
        yield
    except BaseException:
        with suppress(BotoCoreError, ClientError):  # the first error is raised
            delete()
        raise
    delete()
