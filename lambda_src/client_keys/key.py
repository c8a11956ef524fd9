"""The format of a client's key, and its hash in the table of clients, which does not store keys."""

from __future__ import annotations

import hashlib

# The prefix lets secret scanners find a leaked key.
PREFIX = "bcg-"
# The Authorization headers that may hold a key. API Gateway refuses others without invoking the authorizer.
AUTHORIZATION = r"^[Bb][Ee][Aa][Rr][Ee][Rr] +[!-~]{20,200}$"
# The authorizer's principal for an unknown client. No client may have this id.
UNKNOWN_CLIENT = "unknown"

# Attributes of the table's items: the partition key, and the epoch second at which the key expires.
HASH, EXPIRY = "key_sha256", "expires_at"


def table_key(key: str) -> dict[str, dict[str, str]]:
    """The primary key of the item of `key`, in DynamoDB's format."""
    return {HASH: {"S": hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()}}
