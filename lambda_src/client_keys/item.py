"""The items of the clients table, in DynamoDB's own form: one for each key, one for each role, and one for each client.

A key's item holds a copy of its client's state, expiry, policy and generation, so that the authorizer reads one item. Items
that earlier versions wrote have none of these, and their clients have no item of their own.
"""

from __future__ import annotations

from typing import Any

from client_keys.key import sha256

# The partition key: the hash of a key, or CLIENT_PREFIX and a client's id.
HASH = "key_sha256"
CLIENT_PREFIX = "client#"
# GENERATION: random digits of each client that was created, which a later client with the same id does not have. Clients of
# earlier versions have none. The authorizer passes it on under the same name.
GENERATION = "generation"
CLIENT_ID, STATE, POLICY, LAST_USED = "client_id", "state", "policy", "last_used_on"
# Only in the item of an IAM role or user, which is a key's in all else: the ARN, as `client_keys.principal` writes it.
ROLE = "role_arn"
# Epoch seconds from which the client is denied. DynamoDB also deletes an item some days after EXPIRY.
VALID_UNTIL, EXPIRY = "valid_until", "expires_at"
ACTIVE, SUSPENDED = "active", "suspended"
# The authorizer's name for a caller that it does not know; no client may have this id.
UNKNOWN_CLIENT = "unknown"

Item = dict[str, Any]


def of_key(key: str) -> Item:
    """What finds the item of `key`, as DynamoDB's operations take it."""
    return {HASH: {"S": sha256(key)}}


def of_role(arn: str) -> Item:
    """What finds the item of an IAM role or user. No key has the hash of an ARN: an ARN is not well-formed as a key."""
    return of_key(arn)


def of_client(client_id: str) -> Item:
    """What finds a client's own item, as DynamoDB's operations take it."""
    return {HASH: {"S": CLIENT_PREFIX + client_id}}


def text(item: Item, name: str) -> str:
    """The attribute's text; empty if it has none."""
    attribute = item.get(name)
    value = attribute.get("S") if isinstance(attribute, dict) else None
    return value if isinstance(value, str) else ""


def is_suspended(item: Item) -> bool:
    """Whether the client is not active; a malformed state is none."""
    return STATE in item and item[STATE] != {"S": ACTIVE}


def has_expired(item: Item, now_s: float) -> bool:
    """Whether one of the item's expiries has come by `now_s` (epoch seconds). A malformed expiry has.

    DynamoDB deletes the item later, within days:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
    """
    try:
        return any(now_s >= int(item[name]["N"]) for name in (VALID_UNTIL, EXPIRY) if name in item)
    except (KeyError, TypeError, ValueError):
        return True
