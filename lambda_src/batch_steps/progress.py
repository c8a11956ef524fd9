"""How far the steps of a batch have come: further attributes of the batch's state."""

from __future__ import annotations

from typing import NamedTuple

from client_usage.usage import Usage
from resource_items import batch_state, table
from resource_items.batch_state import BatchState, count
from resource_items.table import Item

LEASE_OWNER, LEASE_UNTIL = "lease_owner", "lease_until"
# Steps that were begun since one has ended.
ATTEMPTS = "step_attempts"
# The epoch second for which the latest message that asks for a step was sent.
NEXT_STEP_AT = "next_step_at"
# Splitting: the last line that was sent, the last one that may be sent now, and when more may be sent.
SENT, WINDOW_END, NEXT_WINDOW_AT = "sent_lines", "window_end_line", "next_window_at"
# Assembling: when the files were begun.
ASSEMBLING_SINCE = "assembling_since"


class FileProgress(NamedTuple):
    """How far a file of results has been written. `read_lines`: the lines of the batch that were gone through.

    `held_bytes`: how much of their results is in no part yet. An object of its own has it.
    """

    kind: str  # OUTPUT or ERROR
    file_id: str
    upload_id: str | None = None  # S3's, once the file has a part
    parts: int = 0
    read_lines: int = 0
    lines: int = 0
    bytes: int = 0  # in the parts
    held_bytes: int = 0
    is_done: bool = False

    @classmethod
    def read(cls, item: Item, kind: str) -> FileProgress:
        """The progress of the file `kind` in a state's item."""
        upload = upload_id(kind)
        return cls(
            kind=kind,
            file_id=table.text(item, batch_state.file_id(kind)),
            upload_id=table.text(item, upload) if upload in item else None,
            parts=count(item, f"{kind}_parts"),
            read_lines=count(item, f"{kind}_read_lines"),
            lines=count(item, f"{kind}_lines"),
            bytes=count(item, f"{kind}_bytes"),
            held_bytes=count(item, f"{kind}_held_bytes"),
            is_done=bool(count(item, f"{kind}_is_done")),
        )

    def attributes(self) -> dict[str, str | int]:
        """The attributes that `read` reads."""
        values = self._asdict()
        del values["kind"]
        values["is_done"] = int(self.is_done)
        return {f"{self.kind}_{name}": value for name, value in values.items() if value is not None}


class Progress(NamedTuple):
    """The state of a batch when a step begins."""

    batch_id: str
    state: BatchState
    sent_lines: int
    window_end: int
    next_window_at: int
    next_step_at: int
    attempts: int  # of this step, with this one
    usage: Usage
    item: Item

    @classmethod
    def read(cls, item: Item) -> Progress:
        """The progress in a state's item. Raises UnreadableItemError."""
        return cls(
            batch_id=table.text(item, table.OWNER),
            state=BatchState.read(item),
            sent_lines=count(item, SENT),
            window_end=count(item, WINDOW_END),
            next_window_at=count(item, NEXT_WINDOW_AT),
            next_step_at=count(item, NEXT_STEP_AT),
            attempts=count(item, ATTEMPTS),
            usage=Usage(*(count(item, name) for name in Usage._fields)),
            item=item,
        )


def upload_id(kind: str) -> str:
    """The attribute of S3's id of a file's upload."""
    return f"{kind}_upload_id"
