"""How a client's key looks, and the hash by which the table of clients knows it; never the key."""

from __future__ import annotations

import hashlib

# A prefix of its own lets secret scanners find a leaked key.
PREFIX = "bcg-"
# An Authorization header that may hold a key, as API Gateway checks it: anything else costs nothing.
AUTHORIZATION = r"^[Bb][Ee][Aa][Rr][Ee][Rr] +[!-~]{20,200}$"
# What the authorizer calls whoever it does not know; no client may have this id.
UNKNOWN_CLIENT = "unknown"

# Attributes of the table's items: the partition key, and the epoch second from which the client is denied.
HASH, EXPIRY = "key_sha256", "expires_at"


def table_key(key: str) -> dict[str, dict[str, str]]:
    """What finds the item of `key`, as DynamoDB's operations take it."""
    return {HASH: {"S": hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()}}
