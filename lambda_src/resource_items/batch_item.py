"""A batch as its client made it. It is never changed; `batch_state` has what becomes of the batch.

https://platform.openai.com/docs/api-reference/batch/object
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from resource_items import ids, table
from resource_items.table import Item

# https://platform.openai.com/docs/api-reference/batch/create (completion_window)
COMPLETION_WINDOW, WINDOW_S = "24h", 86_400
# As long as the bucket keeps the batch's objects.
KEPT_S = 31 * 86_400
_ENDPOINT, _INPUT, _METADATA, _CREATED_AT, _OUTPUT_KEPT_S = (
    "endpoint",
    "input_file_id",
    "metadata",
    "created_at",
    "output_kept_s",
)


class Batch(NamedTuple):
    """A batch of an owner (`owners.owner`). Times are in epoch seconds."""

    id: str
    owner: str
    endpoint: str
    input_file_id: str
    created_at: int
    metadata: dict[str, str] | None = None
    output_kept_s: int | None = None  # None: as long as other files

    @classmethod
    def new(
        cls,
        owner: str,
        *,
        endpoint: str,
        input_file_id: str,
        now_s: float,
        metadata: dict[str, str] | None = None,
        output_kept_s: int | None = None,
    ) -> Batch:
        """A batch that does not exist yet."""
        id_ = ids.new(ids.BATCH, now_s)
        return cls(id_, owner, endpoint, input_file_id, int(now_s), metadata, output_kept_s)

    @classmethod
    def read(cls, item: Item) -> Batch:
        """The batch of an item. Raises UnreadableItemError."""
        return cls(
            id=table.text(item, table.ID).removeprefix(table.BATCHES),
            owner=table.text(item, table.OWNER),
            endpoint=table.text(item, _ENDPOINT),
            input_file_id=table.text(item, _INPUT),
            created_at=table.number(item, _CREATED_AT),
            metadata=json.loads(table.text(item, _METADATA)) if _METADATA in item else None,
            output_kept_s=table.number(item, _OUTPUT_KEPT_S) if _OUTPUT_KEPT_S in item else None,
        )

    def item(self) -> Item:
        """The item of the table."""
        return {
            **key(self.owner, self.id),
            **table.written(
                endpoint=self.endpoint,
                input_file_id=self.input_file_id,
                created_at=self.created_at,
                metadata=None if self.metadata is None else json.dumps(self.metadata),
                output_kept_s=self.output_kept_s,
                expires_at=self.created_at + KEPT_S,
            ),
        }

    @property
    def deadline(self) -> int:
        """The epoch second from which no line is run: OpenAI's `expires_at`."""
        return self.created_at + WINDOW_S

    def document(self) -> dict[str, Any]:
        """The part of OpenAI's object that never changes."""
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "input_file_id": self.input_file_id,
            "completion_window": COMPLETION_WINDOW,
            "created_at": self.created_at,
            "expires_at": self.deadline,
            "metadata": self.metadata,
        }


def key(owner: str, batch_id: str) -> Item:
    """What finds a batch's item."""
    return table.key(owner, table.BATCHES + batch_id)
