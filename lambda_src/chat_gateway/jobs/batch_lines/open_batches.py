"""Reads the state of batches, and decides whether their lines may be run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chat_gateway.jobs.outcomes import NotRunError
from resource_items import batch_state
from resource_items.batch_state import BatchState

if TYPE_CHECKING:
    from chat_gateway.client_policies.clients_table import DynamoDb
    from chat_gateway.client_policies.policies import ClientPolicies

_MAX_KEPT = 1000


@dataclass(frozen=True, slots=True)
class OpenBatches:
    """The batches of the table. Threads may share it. `clock` is in epoch seconds."""

    dynamodb: DynamoDb
    table: str
    policies: ClientPolicies
    clock: Callable[[], float] = time.time
    _kept: dict[str, BatchState] = field(default_factory=dict)

    def require(self, batch_id: str) -> BatchState:
        """The state of a batch whose lines may be run now.

        Raises NotRunError if they may not, AwsCallError if a table cannot be read, and UnreadableItemError.
        """
        state = self._read(batch_id)
        if state is None:
            raise NotRunError("unknown batch", comes_again=False)
        now_s = self.clock()
        if not state.runs_lines(now_s):
            is_early = state.status == batch_state.VALIDATING and now_s < state.deadline
            raise NotRunError(f"batch {_ended_as(state)}", comes_again=is_early)
        client = self.policies.of_client(state.client)
        if client is None or not client.is_active or client.generation != state.generation:
            # The batch is about to be stopped. Until then, the client may become active again.
            raise NotRunError("client not active", comes_again=True)
        return state

    def kept(self, batch_id: str) -> BatchState | None:
        """A state of the batch, perhaps an old one, for what does not change while lines are run. None if it is unknown."""
        return self._kept.get(batch_id) or self._read(batch_id)

    def _read(self, batch_id: str) -> BatchState | None:
        query = {"TableName": self.table, "Key": batch_state.key(batch_id), "ConsistentRead": True}
        item = self.dynamodb.call("GetItem", query).get("Item")
        if item is None:
            return None
        if len(self._kept) >= _MAX_KEPT:
            self._kept.clear()
        self._kept[batch_id] = state = BatchState.read(item)
        return state


def _ended_as(state: BatchState) -> str:
    return batch_state.EXPIRED if state.status == batch_state.IN_PROGRESS else state.status
