"""What becomes of a batch: one item, which the steps of the batch change, and the caller's cancel.

The worker reads this item before it pays for a line, after it has claimed the line's job record. So a line that is not
claimed when a batch has ended is never run.
"""

from __future__ import annotations

from typing import NamedTuple

from resource_items import batch_item, owners, table
from resource_items.batch_item import Batch
from resource_items.table import Item

# https://platform.openai.com/docs/guides/batch (the statuses)
VALIDATING, IN_PROGRESS, FINALIZING, CANCELLING = "validating", "in_progress", "finalizing", "cancelling"
COMPLETED, FAILED, EXPIRED, CANCELLED = "completed", "failed", "expired", "cancelled"
OPEN = (VALIDATING, IN_PROGRESS, FINALIZING, CANCELLING)
FINAL = (COMPLETED, FAILED, EXPIRED, CANCELLED)

OBJECTS = "batches/"  # the prefix of the batches' objects
# The prefix of objects with lines of results that are in no file yet. They are needed until the next step.
HELD_OBJECTS, HELD_KEPT_S = "held/", 2 * 86_400
# The sort key; the partition key is the batch's id.
SORT_KEY = "batch"
# Attributes. Of each status that the batch has reached, `{status}_at` is the epoch second.
CLIENT, STATUS, DEADLINE = "client", "status", "deadline"
INPUT_KEY, INDEX_KEY = "input_key", "index_key"
TOTAL, MODEL = "total_lines", "model"
# The numbers of the chunks whose lines have all been counted: a set that workers add to.
FULL_CHUNKS = "full_chunks"
# The files of results, and of a final status: how many lines each has.
OUTPUT, ERROR = "output", "error"
COMPLETED_LINES, FAILED_LINES = "completed_lines", "failed_lines"
# OpenAI's `errors.data` as JSON: the first ones, and whether an object has all of them.
ERRORS, HAS_ERRORS_OBJECT = "errors", "has_errors_object"
MAX_ERRORS_KEPT = 20


class BatchState(NamedTuple):
    """What the worker needs to know of a batch."""

    owner: str  # `owners.owner`
    status: str
    deadline: int  # the epoch second from which no line is run
    input_key: str  # of the bucket's object that has the lines
    index_key: str  # of the bucket's object that says where each line begins: batch_lines.span
    total_lines: int  # 0 until the lines have been checked

    @classmethod
    def read(cls, item: Item) -> BatchState:
        """The state of an item. Raises UnreadableItemError."""
        return cls(
            owner=table.text(item, CLIENT),
            status=table.text(item, STATUS),
            deadline=table.number(item, DEADLINE),
            input_key=table.text(item, INPUT_KEY),
            index_key=table.text(item, INDEX_KEY),
            total_lines=count(item, TOTAL),
        )

    @property
    def client(self) -> str:
        """The id of the client that made the batch."""
        return owners.client_of(self.owner)

    @property
    def generation(self) -> str:
        """The generation of the client that made the batch."""
        return owners.generation_of(self.owner)

    @property
    def items_expire_at(self) -> int:
        """The expiry of the state's and the chunks' items."""
        return self.deadline - batch_item.WINDOW_S + batch_item.KEPT_S

    def runs_lines(self, now_s: float) -> bool:
        """Whether a line may be run at `now_s` (epoch seconds)."""
        return self.status == IN_PROGRESS and now_s < self.deadline


def new(batch: Batch, input_key: str) -> Item:
    """The item of a batch that has just been made."""
    state = BatchState(
        owner=batch.owner,
        status=VALIDATING,
        deadline=batch.deadline,
        input_key=input_key,
        index_key=index_key(batch.id),
        total_lines=0,
    )
    return {
        **key(batch.id),
        **table.written(
            client=state.owner,
            status=state.status,
            deadline=state.deadline,
            input_key=state.input_key,
            index_key=state.index_key,
            expires_at=state.items_expire_at,
        ),
    }


def key(batch_id: str) -> Item:
    """What finds a batch's state."""
    return table.key(batch_id, SORT_KEY)


def reached(status: str) -> str:
    """The attribute that says when the batch reached `status`."""
    return f"{status}_at"


def index_key(batch_id: str) -> str:
    """The key of the object that says where each line of a batch begins."""
    return f"{OBJECTS}{batch_id}/index"


def errors_key(batch_id: str) -> str:
    """The key of the object that has OpenAI's `errors.data` of a batch that failed."""
    return f"{OBJECTS}{batch_id}/errors"


def held_key(batch_id: str, kind: str, read_lines: int) -> str:
    """The key of the object with the lines of the file `kind` that were in no part after `read_lines` lines of the batch."""
    return f"{HELD_OBJECTS}{batch_id}/{kind}-{read_lines}"


def file_id(kind: str) -> str:
    """The attribute of the id of the file `kind`: OUTPUT or ERROR. It is chosen before the file exists."""
    return f"{kind}_file_id"


def count(item: Item, name: str) -> int:
    """A number of the state's item; 0 if it has none."""
    return table.number(item, name) if name in item else 0
