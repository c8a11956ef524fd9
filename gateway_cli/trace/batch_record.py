"""What the table of resources has of a batch: its status, the time of each status, and how many lines were counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway_cli.trace.events import BATCH, Event
from resource_items import batch_lines, batch_state, table
from resource_items.batch_lines import Counts
from resource_items.batch_state import BatchState
from resource_items.table import UnreadableItemError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class BatchRecords:
    """The table of resources. Methods raise botocore's errors."""

    dynamodb: DynamoDBClient
    table: str

    def read(self, batch_id: str) -> list[Event]:
        """An event for each status that the batch has reached, and one with its state; none if there is no batch."""
        found = self.dynamodb.get_item(
            TableName=self.table, Key=batch_state.key(batch_id), ConsistentRead=True
        )
        item: dict[str, Any] = dict(found.get("Item", {}))
        if not item:
            return []
        try:
            return [*_reached(item), Event(None, BATCH, self._document(item, batch_id))]
        except UnreadableItemError:
            return [Event(None, BATCH, {"batch": batch_id, "status": "unreadable"})]

    def _document(self, item: dict[str, Any], batch_id: str) -> dict[str, Any]:
        state = BatchState.read(item)
        counts = self._counts(item, state, batch_id)
        return {
            "batch": batch_id,
            "client": state.client,
            "status": state.status,
            "lines": state.total_lines,
            "completed": counts.completed,
            "failed": counts.failed,
        }

    def _counts(self, item: dict[str, Any], state: BatchState, batch_id: str) -> Counts:
        """A batch that has ended has its sums; of another one, the chunks are counted."""
        if state.status in batch_state.FINAL:
            names = (batch_state.COMPLETED_LINES, batch_state.FAILED_LINES)
            return Counts(*(batch_state.count(item, name) for name in names))
        query = batch_lines.chunks_query(batch_id)
        pages = self.dynamodb.get_paginator("query").paginate(TableName=self.table, **query)
        return batch_lines.counts(chunk for page in pages for chunk in page["Items"])


def _reached(item: dict[str, Any]) -> Iterator[Event]:
    for status in (*batch_state.OPEN, *batch_state.FINAL):
        name = batch_state.reached(status)
        if name in item:
            yield Event(table.number(item, name) * 1000, BATCH, {"reached": status})
