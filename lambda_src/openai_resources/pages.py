"""Pages of a client's files or batches: what a caller asks for, and OpenAI's list.

The cursor `after` is a position in the order of ids, so it works also if the item with this id is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from chat_gateway.core.errors import InvalidRequestError
from resource_items import ids, table

if TYPE_CHECKING:
    from openai_resources.storage import Storage
    from resource_items.table import Item

# A function's answer may have 6 MB, with all that belongs to it:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_PAGE_BYTES = 4_000_000
_MAX_READ_AT_ONCE = 1000
_ORDERS = ("asc", "desc")
Query = Mapping[str, str]


class Wanted(NamedTuple):
    """The page that a caller asks for."""

    limit: int
    after: str | None
    newest_first: bool = True


def wanted(query: Query, prefix: str, *, default: int, maximum: int) -> Wanted:
    """The page that the query's `limit`, `after` and `order` ask for. Raises InvalidRequestError.

    After an id that does not begin with `prefix`, or is none of the gateway's, nothing comes: the page is empty.
    """
    order = query.get("order", "desc")
    if order not in _ORDERS:
        raise InvalidRequestError("order must be asc or desc.", param="order", code="invalid_value")
    after = query.get("after") or None
    if after is not None and not ids.is_id(after):
        raise InvalidRequestError("after must be an id.", param="after", code="invalid_value")
    limit = _limit(query.get("limit", str(default)), maximum)
    is_place = after is None or ids.is_of_kind(after, prefix)
    return Wanted(limit if is_place else 0, after, newest_first=order == "desc")


def page(
    storage: Storage, owner: str, kind: str, page: Wanted, document: Callable[[Item], dict[str, Any] | None]
) -> dict[str, Any]:
    """OpenAI's list of the owner's items of a `kind`, such as `table.FILES`.

    `document` makes an item's object, or None to leave the item out. Items whose time is over are left out. A page may
    have fewer objects than the limit; `has_more` is true then. Raises exceptions of boto3.
    """
    data: list[dict[str, Any]] = []
    size, has_more = 0, False
    for item in _items(storage, owner, kind, page) if page.limit else ():
        found = None if table.has_expired(item, storage.now()) else document(item)
        if found is None:
            continue
        size += _size_bytes(item)
        if len(data) == page.limit or (data and size > _MAX_PAGE_BYTES):
            has_more = True
            break
        data.append(found)
    first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
    return {"object": "list", "data": data, "first_id": first, "last_id": last, "has_more": has_more}


def _limit(text: str, maximum: int) -> int:
    if not text.removeprefix("-").isdecimal() or not text.isascii() or len(text) > 9:
        raise InvalidRequestError("limit must be a whole number.", param="limit", code="invalid_type")
    limit = int(text)
    if limit < 0:
        raise InvalidRequestError("limit must be at least 0.", param="limit", code="integer_below_min_value")
    if limit > maximum:
        raise InvalidRequestError(
            f"limit must be at most {maximum}.", param="limit", code="integer_above_max_value"
        )
    return limit


def _items(storage: Storage, owner: str, kind: str, page: Wanted) -> Iterator[Item]:
    """The items after the cursor. Those of one kind lie between `file#` and `file$`, for example."""
    low, high = kind, kind[:-1] + chr(ord(kind[-1]) + 1)
    cursor = None if page.after is None else kind + page.after
    if cursor is not None:
        low, high = (low, cursor) if page.newest_first else (cursor, high)
    pages = storage.dynamodb.get_paginator("query").paginate(
        TableName=storage.table,
        ConsistentRead=True,
        ScanIndexForward=not page.newest_first,
        KeyConditionExpression="#owner = :owner AND #id BETWEEN :low AND :high",
        ExpressionAttributeNames={"#owner": table.OWNER, "#id": table.ID},
        ExpressionAttributeValues={":owner": {"S": owner}, ":low": {"S": low}, ":high": {"S": high}},
        PaginationConfig={"PageSize": min(page.limit + 2, _MAX_READ_AT_ONCE)},
    )
    for found in pages:
        yield from (item for item in found["Items"] if item[table.ID]["S"] != cursor)


def _size_bytes(item: Item) -> int:
    """At least the size of the item's object in JSON, where a character may take 6 bytes, and a rare one 12."""
    texts = (value.get("S", "") for value in item.values())
    return 400 + sum(12 * len(text) - 11 * len(text.encode("ascii", "ignore")) for text in texts)
