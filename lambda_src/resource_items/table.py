"""The keys of the table `Resources`, and how attributes are written and read, in DynamoDB's own form.

The partition key is the owner of a file, upload or batch (`owners.owner`); or the upload that owns a part, or the batch that owns
its state and chunks.
"""

from __future__ import annotations

from typing import Any

# The variables of every function that uses the table or the bucket.
TABLE_VARIABLE, BUCKET_VARIABLE = "RESOURCES_TABLE", "FILES_BUCKET"
OWNER, ID = "owner", "id"
# Epoch seconds. DynamoDB deletes the item up to some days later, so readers check the time themselves:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
EXPIRY = "expires_at"
# An owner's items have one of these before their id, so that each kind is a list of its own.
FILES, UPLOADS, BATCHES = "file#", "upload#", "batch#"

Item = dict[str, Any]


class UnreadableItemError(ValueError):
    """An attribute is missing, or has another type."""


def key(owner: str, sort_key: str) -> Item:
    """What finds an item, as DynamoDB's operations take it."""
    return {OWNER: {"S": owner}, ID: {"S": sort_key}}


def text(item: Item, name: str) -> str:
    """The attribute's text. Raises UnreadableItemError."""
    return _value(item, name, "S")


def number(item: Item, name: str) -> int:
    """The attribute's whole number. Raises UnreadableItemError."""
    try:
        return int(_value(item, name, "N"))
    except ValueError:
        raise UnreadableItemError(name) from None


def written(**values: str | int | None) -> Item:
    """Attributes with these values. What is None is left out."""
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for name, value in values.items()
        if value is not None
    }


def has_expired(item: Item, now_s: float) -> bool:
    """Whether the item's time has come by `now_s` (epoch seconds)."""
    return EXPIRY in item and now_s >= number(item, EXPIRY)


def _value(item: Item, name: str, kind: str) -> str:
    attribute = item.get(name)
    value = attribute.get(kind) if isinstance(attribute, dict) else None
    if not isinstance(value, str):
        raise UnreadableItemError(name)
    return value
