"""An upload and its parts: their items, the parts' objects in the bucket, and OpenAI's objects.

https://platform.openai.com/docs/api-reference/uploads/object
"""

from __future__ import annotations

from typing import Any, NamedTuple

from resource_items import ids, table
from resource_items.file_item import File
from resource_items.table import Item

PENDING, COMPLETED, CANCELLED, EXPIRED = "pending", "completed", "cancelled", "expired"
# https://platform.openai.com/docs/api-reference/uploads/create
USABLE_S = 3600
# Items and the parts' objects are kept a little longer, so that a repeated call gets the same answer.
KEPT_S = 2 * 86_400
STATUS, PARTS_SENT, PLAN, TRANSFER = "status", "parts_sent", "plan", "transfer"
COMPLETED_AT = "completed_at"
OBJECTS = "parts/"  # the prefix of the parts' objects


class Upload(NamedTuple):
    """An upload of an owner (`owners.owner`). Times are in epoch seconds."""

    id: str
    owner: str
    filename: str
    purpose: str
    bytes: int  # as the client declared
    created_at: int
    file_id: str  # the file's id, once it is complete
    kept_s: int  # how long the file will be kept
    status: str = PENDING
    plan: str | None = None  # the hash of the parts' ids that are being put together
    transfer: str | None = None  # the id of S3's multipart upload that puts them together
    completed_at: int | None = None

    @classmethod
    def new(
        cls, owner: str, *, filename: str, purpose: str, size_bytes: int, now_s: float, kept_s: int
    ) -> Upload:
        """An upload that does not exist yet."""
        id_, file_id = ids.new(ids.UPLOAD, now_s), ids.new(ids.FILE, now_s)
        return cls(id_, owner, filename, purpose, size_bytes, int(now_s), file_id, kept_s)

    @classmethod
    def read(cls, item: Item) -> Upload:
        """The upload of an item. Raises UnreadableItemError."""
        return cls(
            id=table.text(item, table.ID).removeprefix(table.UPLOADS),
            owner=table.text(item, table.OWNER),
            filename=table.text(item, "filename"),
            purpose=table.text(item, "purpose"),
            bytes=table.number(item, "bytes"),
            created_at=table.number(item, "created_at"),
            file_id=table.text(item, "file_id"),
            kept_s=table.number(item, "kept_s"),
            status=table.text(item, STATUS),
            plan=table.text(item, PLAN) if PLAN in item else None,
            transfer=table.text(item, TRANSFER) if TRANSFER in item else None,
            completed_at=table.number(item, COMPLETED_AT) if COMPLETED_AT in item else None,
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
                file_id=self.file_id,
                kept_s=self.kept_s,
                status=self.status,
                plan=self.plan,
                transfer=self.transfer,
                completed_at=self.completed_at,
                parts_sent=0,
                expires_at=self.created_at + KEPT_S,
            ),
        }

    @property
    def usable_until(self) -> int:
        """The epoch second from which no part is taken."""
        return self.created_at + USABLE_S

    def status_at(self, now_s: float) -> str:
        """The status at `now_s` (epoch seconds)."""
        return EXPIRED if self.status == PENDING and now_s >= self.usable_until else self.status

    def file(self) -> File | None:
        """The file that this upload has become; None if it is not complete."""
        return None if self.completed_at is None else self.file_made_at(self.completed_at)

    def file_made_at(self, created_at: int) -> File:
        """The file that this upload becomes if it is completed at `created_at` (epoch seconds)."""
        return File(
            id=self.file_id,
            owner=self.owner,
            filename=self.filename,
            purpose=self.purpose,
            bytes=self.bytes,
            created_at=created_at,
            expires_at=created_at + self.kept_s,
        )

    def document(self, now_s: float) -> dict[str, Any]:
        """OpenAI's object at `now_s` (epoch seconds)."""
        file = self.file()
        return {
            "id": self.id,
            "object": "upload",
            "bytes": self.bytes,
            "created_at": self.created_at,
            "expires_at": self.usable_until,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": self.status_at(now_s),
            "file": None if file is None else file.document(),
        }


class Part(NamedTuple):
    """A part of an owner's upload."""

    id: str
    upload_id: str
    owner: str
    bytes: int
    created_at: int

    @classmethod
    def new(cls, upload: Upload, *, size_bytes: int, now_s: float) -> Part:
        """A part that does not exist yet."""
        return cls(ids.new(ids.PART, now_s), upload.id, upload.owner, size_bytes, int(now_s))

    @classmethod
    def read(cls, item: Item) -> Part:
        """The part of an item. Raises UnreadableItemError."""
        return cls(
            id=table.text(item, table.ID),
            upload_id=table.text(item, table.OWNER),
            owner=table.text(item, "client"),
            bytes=table.number(item, "bytes"),
            created_at=table.number(item, "created_at"),
        )

    def item(self) -> Item:
        """The item of the table."""
        return {
            **table.key(self.upload_id, self.id),
            **table.written(
                client=self.owner,
                bytes=self.bytes,
                created_at=self.created_at,
                expires_at=self.created_at + KEPT_S,
            ),
        }

    @property
    def object_key(self) -> str:
        """The key of the part's object in the bucket."""
        return f"{OBJECTS}{self.owner}/{self.upload_id}/{self.id}"

    def document(self) -> dict[str, Any]:
        """OpenAI's object."""
        return {
            "id": self.id,
            "object": "upload.part",
            "created_at": self.created_at,
            "upload_id": self.upload_id,
        }


def key(owner: str, upload_id: str) -> Item:
    """What finds an upload's item."""
    return table.key(owner, table.UPLOADS + upload_id)
