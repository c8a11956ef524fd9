"""A file: its item, its object in the bucket, and OpenAI's object.

https://platform.openai.com/docs/api-reference/files/object
"""

from __future__ import annotations

from typing import Any, NamedTuple

from resource_items import ids, table
from resource_items.table import Item

BATCH, BATCH_OUTPUT = "batch", "batch_output"
# https://platform.openai.com/docs/api-reference/files/create (expires_after)
MIN_KEPT_S, MAX_KEPT_S = 3600, 30 * 86_400
DEFAULT_KEPT_S = MAX_KEPT_S
MAX_FILENAME_CHARACTERS = 255
OBJECTS = "files/"  # the prefix of the files' objects
_FILENAME, _PURPOSE, _BYTES, _CREATED_AT = "filename", "purpose", "bytes", "created_at"


class File(NamedTuple):
    """A file of an owner (`owners.owner`). Times are in epoch seconds."""

    id: str
    owner: str
    filename: str
    purpose: str
    bytes: int
    created_at: int
    expires_at: int

    @classmethod
    def new(
        cls,
        owner: str,
        *,
        filename: str,
        purpose: str,
        size_bytes: int,
        now_s: float,
        kept_s: int = DEFAULT_KEPT_S,
    ) -> File:
        """A file that does not exist yet."""
        id_, created_at = ids.new(ids.FILE, now_s), int(now_s)
        return cls(id_, owner, filename, purpose, size_bytes, created_at, created_at + kept_s)

    @classmethod
    def read(cls, item: Item) -> File:
        """The file of an item. Raises UnreadableItemError."""
        return cls(
            id=table.text(item, table.ID).removeprefix(table.FILES),
            owner=table.text(item, table.OWNER),
            filename=table.text(item, _FILENAME),
            purpose=table.text(item, _PURPOSE),
            bytes=table.number(item, _BYTES),
            created_at=table.number(item, _CREATED_AT),
            expires_at=table.number(item, table.EXPIRY),
        )

    def item(self) -> Item:
        """The item of the table."""
        return {
            **key(self.owner, self.id),
            **table.written(
                filename=self.filename,
                purpose=self.purpose,
                bytes=self.bytes,
                created_at=self.created_at,
                expires_at=self.expires_at,
            ),
        }

    @property
    def object_key(self) -> str:
        """The key of the file's object in the bucket."""
        return object_key(self.owner, self.id)

    def document(self) -> dict[str, Any]:
        """OpenAI's object."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": self.bytes,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": None,
        }


def key(owner: str, file_id: str) -> Item:
    """What finds a file's item."""
    return table.key(owner, table.FILES + file_id)


def object_key(owner: str, file_id: str) -> str:
    """The key of a file's object in the bucket."""
    return f"{OBJECTS}{owner}/{file_id}"
