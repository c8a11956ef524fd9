"""A client's uploads and their parts."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from openai_resources.errors import StorageUnavailableError
from openai_resources.files.client_files import CONTENT_TYPE
from openai_resources.storage import aws_errors
from openai_resources.uploads import assembly
from openai_resources.uploads.assembly import Assembly
from openai_resources.uploads.errors import (
    OtherPartsError,
    TooManyPartsError,
    UploadEndedError,
    WrongHashError,
    WrongPartsError,
)
from openai_resources.uploads.upload_table import UploadTable
from resource_items import file_item
from resource_items.upload_item import CANCELLED, COMPLETED, PENDING, Part, Upload

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from openai_resources.storage import Storage

# The largest file needs 120 parts of 4.5 MB. S3 is asked for each part.
MAX_PARTS = 1000
_DELETED_AT_ONCE = 1000  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html


class ClientUploads:
    """The uploads of `owner` (`owners.owner`).

    All methods raise StorageUnavailableError, and for an unknown id UnknownUploadError.
    """

    def __init__(self, storage: Storage, owner: str) -> None:
        self._storage, self._owner = storage, owner
        self._table = UploadTable(storage, owner)

    @aws_errors()
    def create(self, *, filename: str, purpose: str, size_bytes: int, kept_s: int) -> Upload:
        """A new upload of `size_bytes`."""
        upload = Upload.new(
            self._owner,
            filename=filename,
            purpose=purpose,
            size_bytes=size_bytes,
            now_s=self._storage.now(),
            kept_s=kept_s,
        )
        self._table.add(upload)
        return upload

    @aws_errors()
    def add_part(self, upload_id: str, content: bytes) -> Part:
        """Stores a part. Raises UploadEndedError and TooManyPartsError."""
        upload = self._pending(upload_id)
        if not self._table.counted(upload, most=MAX_PARTS):
            self._pending(upload_id)
            raise TooManyPartsError(MAX_PARTS)
        part = Part.new(upload, size_bytes=len(content), now_s=self._storage.now())
        self._storage.s3.put_object(Bucket=self._storage.bucket, Key=part.object_key, Body=content)
        self._table.add(part)
        return part

    @aws_errors()
    def complete(self, upload_id: str, part_ids: Sequence[str], *, md5: str | None) -> Upload:
        """Makes the file of these parts, in this order. A repeated call goes on where an earlier one was killed.

        Raises UploadEndedError, OtherPartsError, WrongPartsError and WrongHashError.
        """
        plan = hashlib.sha256(",".join(part_ids).encode()).hexdigest()
        upload = self._table.one(upload_id)
        if self._is_done(upload, plan):
            return upload
        try:
            return self._assembled(upload, plan, part_ids, md5=md5)
        except self._storage.s3.exceptions.ClientError:
            # Another call may have ended the upload, and deleted the parts' objects.
            found = self._table.one(upload_id)
            if self._is_done(found, plan):
                return found
            raise

    def _assembled(self, upload: Upload, plan: str, part_ids: Sequence[str], *, md5: str | None) -> Upload:
        sent = self._table.parts(upload)
        parts = _chosen(upload, sent, part_ids)
        if md5 is not None and assembly.md5(self._storage, parts) != md5.lower():
            raise WrongHashError
        claimed = self._claimed(upload, plan)
        if self._is_done(claimed, plan):
            return claimed
        object_key = file_item.object_key(self._owner, upload.file_id)
        Assembly(self._storage, object_key, str(claimed.transfer), parts).run()
        completed = self._completed(claimed)
        self._delete_objects(part.object_key for part in sent.values())
        return completed

    @aws_errors()
    def cancel(self, upload_id: str) -> Upload:
        """Ends the upload. A cancelled one stays so. Raises UploadEndedError."""
        upload = self._table.one(upload_id)
        if upload.status != CANCELLED:
            self._check_pending(upload)
            if not self._table.cancelled(upload):
                return self.cancel(upload_id)
            self._delete_objects(part.object_key for part in self._table.parts(upload).values())
        return upload._replace(status=CANCELLED)

    def _pending(self, upload_id: str) -> Upload:
        upload = self._table.one(upload_id)
        self._check_pending(upload)
        return upload

    def _check_pending(self, upload: Upload) -> None:
        status = upload.status_at(self._storage.now())
        if status != PENDING:
            raise UploadEndedError(status)

    def _is_done(self, upload: Upload, plan: str) -> bool:
        """Whether the upload is completed with this plan. Raises UploadEndedError if it has ended otherwise."""
        if upload.status == COMPLETED and upload.plan == plan:
            return True
        self._check_pending(upload)
        return False

    def _claimed(self, upload: Upload, plan: str) -> Upload:
        """The upload with the plan and S3's multipart upload, by this call or by an earlier one with the same plan."""
        if upload.plan is None:
            object_key = file_item.object_key(self._owner, upload.file_id)
            transfer = assembly.begun(self._storage, object_key, CONTENT_TYPE)
            if self._table.claimed(upload, plan, transfer):
                return upload._replace(plan=plan, transfer=transfer)
            upload = self._table.one(upload.id)
        if upload.plan != plan:
            self._check_pending(upload)
            raise OtherPartsError
        return upload

    def _completed(self, upload: Upload) -> Upload:
        """The upload, completed by this call or by another one with the same plan. Raises UploadEndedError."""
        now_s = int(self._storage.now())
        if self._table.completed(upload, upload.file_made_at(now_s)):
            return upload._replace(status=COMPLETED, completed_at=now_s)
        found = self._table.one(upload.id)
        if found.status == COMPLETED:
            return found
        self._delete_objects([file_item.object_key(self._owner, upload.file_id)])
        raise UploadEndedError(found.status)

    def _delete_objects(self, object_keys: Iterable[str]) -> None:
        """If this fails, the bucket's lifecycle deletes them."""
        keys = [{"Key": key} for key in object_keys]
        for start in range(0, len(keys), _DELETED_AT_ONCE):
            with suppress(StorageUnavailableError), aws_errors():
                self._storage.s3.delete_objects(
                    Bucket=self._storage.bucket,
                    Delete={"Objects": keys[start : start + _DELETED_AT_ONCE], "Quiet": True},  # type: ignore[typeddict-item]
                )


def _chosen(upload: Upload, sent: dict[str, Part], part_ids: Sequence[str]) -> list[Part]:
    """The parts with these ids. Raises WrongPartsError."""
    if len(set(part_ids)) != len(part_ids):
        raise WrongPartsError("part_ids names a part more than once.")
    parts = [sent[part_id] for part_id in part_ids if part_id in sent]
    if len(parts) != len(part_ids):
        raise WrongPartsError("part_ids names a part that was not sent to this upload.")
    size_bytes = sum(part.bytes for part in parts)
    if size_bytes != upload.bytes:
        raise WrongPartsError(
            f"The parts have {size_bytes} bytes, but the upload was made for {upload.bytes}."
        )
    return parts
