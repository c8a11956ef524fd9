"""Clients of a deployed gateway: the table holds SHA-256 hashes of their keys, never a key."""

from __future__ import annotations

import hashlib
import math
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import boto3
from botocore.exceptions import BotoCoreError, ClientError

# A prefix of its own lets secret scanners find a leaked key; 32 random bytes cannot be guessed.
_PREFIX = "bcg-"
_RANDOM_BYTES = 32
_NOBODY = "unknown"  # what the authorizer calls whoever it does not know
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class InvalidClientIdError(ValueError):
    """A client's id does not fit into log lines and policies."""


def create(session: boto3.Session, table: str, client_id: str, *, expires_at: int | None = None) -> str:
    """A new key for `client_id`, which may have others; it cannot be read again. Raises InvalidClientIdError.

    From `expires_at` (epoch seconds) on, the authorizer denies it.
    """
    key = _new_key()
    _put(session, table, client_id, key, expires_at)
    return key


@contextmanager
def temporary(session: boto3.Session, table: str, client_id: str, *, lifetime_s: float) -> Iterator[str]:
    """A key that is deleted after the block, and expires after `lifetime_s` where that fails or never comes.

    API Gateway may let it pass for as long as it caches. Raises botocore's errors.
    """
    key = _new_key()
    try:
        _put(session, table, client_id, key, math.ceil(time.time() + lifetime_s))
        yield key
    except BaseException:
        with suppress(BotoCoreError, ClientError):  # the first error is the one to tell
            delete(session, table, key)
        raise
    delete(session, table, key)


def delete(session: boto3.Session, table: str, key: str) -> None:
    """Takes `key` away; API Gateway may let it pass for as long as it caches."""
    session.client("dynamodb").delete_item(TableName=table, Key={"key_sha256": {"S": _hash(key)}})


def _new_key() -> str:
    return _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def _put(session: boto3.Session, table: str, client_id: str, key: str, expires_at: int | None) -> None:
    if not _CLIENT_ID.fullmatch(client_id) or client_id == _NOBODY:
        raise InvalidClientIdError(
            f"{client_id!r} is no client id: use 1 to 64 letters, digits, dots, hyphens and underscores."
        )
    item = {
        "key_sha256": {"S": _hash(key)},
        "client_id": {"S": client_id},
        "created_at": {"S": datetime.now(UTC).isoformat(timespec="seconds")},
    }
    if expires_at is not None:
        item["expires_at"] = {"N": str(expires_at)}
    session.client("dynamodb").put_item(
        TableName=table, Item=item, ConditionExpression="attribute_not_exists(key_sha256)"
    )


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
