"""Finds a client's policy: in the authorizer's context, else in the client's own item."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from chat_gateway.client_policies.clients_table import ClientsTable
from client_keys import item as client_item
from client_keys import policy as client_policy
from client_keys.no_limits import NO_LIMITS
from client_keys.policy import Policy, UnknownPolicyError

if TYPE_CHECKING:
    from client_keys.item import Item

# A change of a client takes effect on jobs within this time; the authorizer's answers are cached as long by default.
_KEPT_S = 60.0
_MAX_KEPT = 1000


class ClientRecord(NamedTuple):
    """A client's own item: its policy, whether the client may do anything at all, and its generation."""

    policy: Policy
    is_active: bool
    generation: str = ""


class ClientPolicies:
    """Reads clients' items, and keeps each that is there for a minute. Threads may share it. `clock` is in epoch seconds."""

    def __init__(self, table: ClientsTable, *, clock: Callable[[], float] = time.time) -> None:
        self._table, self._clock = table, clock
        self._kept: dict[str, tuple[float, ClientRecord]] = {}

    @classmethod
    def from_env(cls) -> ClientPolicies:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(ClientsTable.from_env())

    def of_request(self, context: object, client_id: str | None) -> Policy:
        """The policy in the authorizer's `context`, or the client's own where the context has none that is known.

        A client that has no item of its own is one that an earlier version made, and has no limits. Raises AwsCallError
        if the table cannot be read, and UnknownPolicyError if the client's own policy is not known either.
        """
        try:
            return client_policy.from_text(context)
        except UnknownPolicyError:
            if client_id is None:
                raise
        record = self.of_client(client_id)
        if record is None and context is not None:
            raise UnknownPolicyError  # a later version's, or a malformed one: not that of an earlier version's client
        return client_policy.UNLIMITED if record is None else record.policy

    def of_client(self, client_id: str) -> ClientRecord | None:
        """The client's record of the last minute; None if it has none. Raises AwsCallError and UnknownPolicyError."""
        now_s = self._clock()
        kept = self._kept.get(client_id)
        if kept is not None and now_s - kept[0] < _KEPT_S:
            return kept[1]
        return self.read_client(client_id)

    def read_client(self, client_id: str) -> ClientRecord | None:
        """The client's record as it is now; None if it has none. Raises AwsCallError and UnknownPolicyError."""
        now_s = self._clock()
        record = _record(self._table.client_item(client_id), now_s)
        if record is None:  # one that is created now must not be unknown for another minute
            self._kept.pop(client_id, None)
        else:
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[client_id] = now_s, record
        return record


def _record(item: Item, now_s: float) -> ClientRecord | None:
    if not item:
        return None
    text = client_item.text(item, client_item.POLICY) if client_item.POLICY in item else NO_LIMITS
    return ClientRecord(
        policy=client_policy.from_text(text),
        is_active=not client_item.is_suspended(item) and not client_item.has_expired(item, now_s),
        generation=client_item.text(item, client_item.GENERATION),
    )
