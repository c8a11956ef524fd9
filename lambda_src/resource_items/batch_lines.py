"""The lines of a batch: the message and the job record of each, where it stands in its file, and how lines are counted.

Lines are numbered from 1. CHUNK_LINES of them are counted in one item, by two sets of their numbers: adding a number again
changes nothing, so each line is counted once however often it is delivered.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

from resource_items import ids, table
from resource_items.table import Item

# The variable of every function that asks for steps.
STEPS_QUEUE_VARIABLE = "BATCH_STEPS_QUEUE_URL"
# The message attribute that marks the message of a line. Its text is "1".
MESSAGE_ATTRIBUTE, MARK = "batch_line", "1"
CHUNK_LINES = 100
_CHUNKS = "chunk#"
# Sets of the numbers of answered lines, and of lines that got an error.
COMPLETED, FAILED = "completed", "failed"
# The message of a line has 80 bytes.
_MAX_MESSAGE_CHARACTERS = 200
_OFFSET_BYTES = 8


class Counts(NamedTuple):
    """How many lines have been answered, and how many got an error."""

    completed: int
    failed: int


class Line(NamedTuple):
    """A line of a batch."""

    batch_id: str
    number: int

    @property
    def job_key(self) -> str:
        """The key of the line's job record."""
        return f"{self.batch_id}.{self.number}"

    @property
    def chunk(self) -> int:
        """The number of the chunk in which the line is counted; the first is 0."""
        return (self.number - 1) // CHUNK_LINES

    @property
    def chunk_key(self) -> Item:
        """What finds the item in which the line is counted."""
        return chunk_key(self.batch_id, self.chunk)

    def message(self) -> str:
        """The body of the line's message."""
        return json.dumps({"batch": self.batch_id, "line": self.number})


def from_message(body: str) -> Line:
    """The line of a message. Raises ValueError for any other text."""
    if len(body) > _MAX_MESSAGE_CHARACTERS:
        raise ValueError("not the message of a line")
    document = json.loads(body)
    batch, number = (document.get("batch"), document.get("line")) if isinstance(document, dict) else (None, 0)
    if not isinstance(batch, str) or not batch.startswith(ids.BATCH) or not ids.is_id(batch):
        raise ValueError("not the message of a line")
    if type(number) is not int or number < 1:
        raise ValueError("not the message of a line")
    return Line(batch, number)


def chunk_key(batch_id: str, chunk: int) -> Item:
    """What finds the item of a chunk."""
    return table.key(batch_id, f"{_CHUNKS}{chunk:08}")


def chunks_query(batch_id: str) -> dict[str, Any]:
    """The parameters of DynamoDB's Query that find the items of all chunks."""
    return {
        "KeyConditionExpression": "#owner = :batch AND begins_with(#id, :chunks)",
        "ExpressionAttributeNames": {"#owner": table.OWNER, "#id": table.ID},
        "ExpressionAttributeValues": {":batch": {"S": batch_id}, ":chunks": {"S": _CHUNKS}},
    }


def counts(chunks: Iterable[Item]) -> Counts:
    """The sums of all chunks."""
    completed, failed = 0, 0
    for chunk in chunks:
        completed += counted(chunk, COMPLETED)
        failed += counted(chunk, FAILED)
    return Counts(completed, failed)


def chunk_count(total_lines: int) -> int:
    """The number of a batch's chunks."""
    return -(-total_lines // CHUNK_LINES)


def lines_of_chunk(chunk: int, total_lines: int) -> range:
    """The numbers of the chunk's lines."""
    first = chunk * CHUNK_LINES + 1
    return range(first, min(first + CHUNK_LINES - 1, total_lines) + 1)


def counted(item: Item, name: str) -> int:
    """How many lines the chunk's set `name` has: COMPLETED or FAILED."""
    numbers = item.get(name, {}).get("NS", ())
    return len(numbers)


def is_full(item: Item, chunk: int, total_lines: int) -> bool:
    """Whether every line of the chunk in `item` has been counted."""
    return counted(item, COMPLETED) + counted(item, FAILED) >= len(lines_of_chunk(chunk, total_lines))


def step_message(batch_id: str) -> str:
    """The body of the message that asks for the next step of a batch."""
    return json.dumps({"batch": batch_id})


def batch_of_step(body: str) -> str:
    """The batch's id in a message that asks for its next step. Raises ValueError for any other text."""
    document = json.loads(body) if len(body) <= _MAX_MESSAGE_CHARACTERS else None
    batch = document.get("batch") if isinstance(document, dict) else None
    if not isinstance(batch, str) or not ids.is_id(batch):
        raise ValueError("not the message of a step")
    return batch


def index(offsets: Iterable[int]) -> bytes:
    """The index of a file of lines: the offset of each line in bytes, and then the end of the last line."""
    return b"".join(struct.pack(">Q", offset) for offset in offsets)


def span(index_bytes: bytes, number: int) -> tuple[int, int]:
    """The offsets of a line's first byte and of the byte after the line. Raises ValueError if there is no such line."""
    if not 1 <= number < len(index_bytes) // _OFFSET_BYTES:
        raise ValueError("no such line")
    first, end = struct.unpack_from(">QQ", index_bytes, (number - 1) * _OFFSET_BYTES)
    return first, end
