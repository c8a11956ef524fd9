"""A client's counters: one item, changed by one conditional update before a request and by one after it.

The item has a number for each limit and window, such as `tokens_d_20261126`, and a map of the requests in progress: the
id of each reservation, and when it expires (epoch seconds). DynamoDB's conditions have no arithmetic, so that an update
compares a stored number with the largest one that leaves room for the request:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from chat_gateway.aws.json_client import CONDITION_FAILED, AwsCallError
from chat_gateway.client_policies import windows
from chat_gateway.client_policies.charges import Charge, Counted
from chat_gateway.client_policies.clients_table import DynamoDb
from chat_gateway.client_policies.update_expression import Update
from chat_gateway.client_policies.windows import Windows
from client_usage import item as usage_item
from client_usage.item import Item

IN_PROGRESS = "in_progress"
# A number has 38 digits, and at most 126 places before the point or 130 behind it:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
_NUMBER = re.compile(r"[-+.0-9E]{1,200}")
# An expression has at most 4 KB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
_MAX_REMOVED = 50
# Fewer old windows are not worth a call of their own.
_MANY_OLD_WINDOWS = 10
# Longer than the longest window.
_KEPT_S = 62 * 86_400
_LATE_CLOCK_S = 60
# Requests that come at the same moment may stand in each other's way once.
_MAX_CALLS = 4


class Wanted(NamedTuple):
    """A reservation to make. `slots` is the limit of requests in progress, None if the client has no such limit."""

    id: str
    client_id: str
    charges: tuple[Charge, ...]
    slots: int | None
    now_s: float
    expires_at_s: float


class Reservation(NamedTuple):
    """A reservation that was made. `item` is the item after it."""

    wanted: Wanted
    item: Item

    def counted(self) -> list[Counted]:
        """The counters after the reservation."""
        return _counted(self.wanted, self.item)


class Refusal(NamedTuple):
    """A reservation that was refused. `over` are the charges that do not fit; none of them if no slot is free."""

    wanted: Wanted
    item: Item
    over: tuple[Charge, ...]

    def counted(self) -> list[Counted]:
        """The counters, without the request."""
        return _counted(self.wanted, self.item)


class Counters(NamedTuple):
    """The counters of all clients. Methods raise AwsCallError."""

    dynamodb: DynamoDb
    table: str

    def reserve(self, wanted: Wanted, *, ends_at: float) -> Reservation | Refusal:
        """Reserves all or nothing, by `ends_at` (on time.monotonic()).

        A second call is made only if expired reservations are in the way, or if the client has never had one.
        """
        item: Item | None = None  # None: it has not been seen
        for _ in range(_MAX_CALLS):
            made = self._reserved(wanted, _slot(wanted, item), ends_at)
            if isinstance(made, Reservation):
                return made
            refusal = _refusal(wanted, made)
            if refusal is not None:
                return refusal
            item = made
        return Refusal(wanted, item or {}, ())

    def settle(
        self, reservation: Reservation, used: Mapping[str, int], *, now_s: float, ends_at: float
    ) -> None:
        """Replaces the reserved amounts by the `used` ones, frees the slot, and removes what is over.

        `used` has amounts by a charge's measure; one that is missing stays as it was reserved. A window that is over is not
        changed: nobody reads it again.
        """
        wanted = reservation.wanted
        changes = _changes(wanted.charges, used, windows.at(now_s))
        old = _old_windows(reservation.item, now_s)
        if not changes and wanted.slots is None and len(old) < _MANY_OLD_WINDOWS:
            return
        update = Update()
        update.add(changes)
        update.remove(*old[:_MAX_REMOVED])
        if wanted.slots is not None:
            expired = _expired(reservation.item, wanted.now_s)[:_MAX_REMOVED]
            update.remove(*((IN_PROGRESS, id_) for id_ in (wanted.id, *expired)))
            update.require_present((IN_PROGRESS, wanted.id))
        # A repeated call must not count twice: without a slot, DynamoDB cannot tell that it is a repetition.
        self._settled(update, wanted, is_repeatable=wanted.slots is not None, ends_at=ends_at)

    def _settled(self, update: Update, wanted: Wanted, *, is_repeatable: bool, ends_at: float) -> None:
        try:
            self._call(update, wanted, ends_at, is_repeatable=is_repeatable)
        except AwsCallError as error:
            # The slot is gone: the answer to an earlier attempt of this call was lost.
            if error.code != CONDITION_FAILED:
                raise

    def _reserved(self, wanted: Wanted, update: Update, ends_at: float) -> Reservation | Item:
        """The reservation, or the item that refused it. `update` takes the slot."""
        update.add({charge.attribute: charge.amount for charge in wanted.charges})
        for charge in wanted.charges:
            update.require_at_most(charge.attribute, charge.limit - charge.amount)
        update.set(usage_item.EXPIRY, {"N": str(int(wanted.now_s) + _KEPT_S)})
        try:
            answer = self._call(update, wanted, ends_at, ReturnValues="ALL_NEW")
        except AwsCallError as error:
            if error.code != CONDITION_FAILED:
                raise
            item = _checked(error.answer.get("Item", {}), wanted)
            # If the answer to an earlier attempt of this call was lost, the reservation is there.
            return Reservation(wanted, item) if wanted.id in _slots(item) else item
        return Reservation(wanted, _checked(answer.get("Attributes"), wanted))

    def _call(
        self,
        update: Update,
        wanted: Wanted,
        ends_at: float,
        *,
        is_repeatable: bool = True,
        **parameters: str,
    ) -> dict[str, Any]:
        query = {
            "TableName": self.table,
            "Key": usage_item.of_counters(wanted.client_id),
            **update.parameters(),
            **parameters,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return self.dynamodb.call("UpdateItem", query, ends_at=ends_at, is_repeatable=is_repeatable)


def _slot(wanted: Wanted, refused_by: Item | None) -> Update:
    """An update that takes a slot: with `refused_by`, by making the map, or in the place of expired entries.

    Many expired entries do not fit into an expression, so that the whole map is replaced.
    """
    update = Update()
    if wanted.slots is None:
        return update
    item = refused_by or {}
    slots, expired = _slots(item), _expired(item, wanted.now_s)
    if refused_by is not None and IN_PROGRESS not in item:
        update.set(IN_PROGRESS, {"M": {wanted.id: _expiry(wanted)}})
        update.require_absent(IN_PROGRESS)
    elif len(expired) > _MAX_REMOVED:
        live = {id_: slots[id_] for id_ in slots.keys() - expired}
        update.set(IN_PROGRESS, {"M": {**live, wanted.id: _expiry(wanted)}})
        update.require_equal(IN_PROGRESS, {"M": slots})
    else:
        _add_entry(update, wanted, expired)
        update.require_fewer(IN_PROGRESS, wanted.slots + len(expired))
    return update


def _add_entry(update: Update, wanted: Wanted, expired: Iterable[str]) -> None:
    """Adds an entry to the map, and removes expired ones, which must still be there."""
    update.set((IN_PROGRESS, wanted.id), _expiry(wanted))
    update.require_absent((IN_PROGRESS, wanted.id))
    for id_ in expired:
        update.remove((IN_PROGRESS, id_))
        update.require_present((IN_PROGRESS, id_))


def _expiry(wanted: Wanted) -> dict[str, str]:
    return {"N": str(int(wanted.expires_at_s))}


def _refusal(wanted: Wanted, item: Item) -> Refusal | None:
    """What stands in the way of the reservation; None if another attempt may succeed."""
    over = tuple(
        charge for charge in wanted.charges if _number(item, charge.attribute) + charge.amount > charge.limit
    )
    slots = _slots(item)
    live = len(slots) - len(_expired(item, wanted.now_s))
    is_full = wanted.slots is not None and live >= wanted.slots
    return Refusal(wanted, item, over) if over or is_full else None


def _checked(item: Any, wanted: Wanted) -> Item:
    """The item, after everything that is read of it was read once. Raises AwsCallError for what is no item of counters."""
    try:
        if isinstance(item, dict):
            _counted(wanted, item)
            _expired(item, wanted.now_s)
            return item
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        pass
    raise AwsCallError("UpdateItem", "MalformedItem")


def _counted(wanted: Wanted, item: Item) -> list[Counted]:
    return [Counted(charge, _number(item, charge.attribute)) for charge in wanted.charges]


def _slots(item: Item) -> dict[str, Any]:
    slots: dict[str, Any] = item[IN_PROGRESS]["M"] if IN_PROGRESS in item else {}
    return slots


def _expired(item: Item, now_s: float) -> list[str]:
    return [id_ for id_, expiry in _slots(item).items() if _whole(expiry) <= now_s]


def _changes(charges: Iterable[Charge], used: Mapping[str, int], present: Windows) -> dict[str, int]:
    """What to add to each counter, so that it has the used amount in place of the reserved one."""
    differences = {
        charge.attribute: used.get(charge.measure, charge.amount) - charge.amount for charge in charges
    }
    return {name: change for name, change in differences.items() if change and present.has(name)}


def _old_windows(item: Item, now_s: float) -> list[str]:
    """The counters of windows that ended some time ago. Another function's clock may be late, or early."""
    last = windows.at(now_s - _LATE_CLOCK_S)
    return [name for name in item if last.are_after(name)]


def _number(item: Item, attribute: str) -> int:
    return _whole(item[attribute]) if attribute in item else 0


def _whole(value: Any) -> int:
    """The number, rounded up: a whole number is at least as large as both or as none."""
    text = value["N"]
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a number of DynamoDB")
    return int(text) if text.lstrip("-").isdigit() else math.ceil(float(text))
