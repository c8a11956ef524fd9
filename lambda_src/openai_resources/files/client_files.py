"""A client's files: their items and their objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from openai_resources import pages
from openai_resources.files.errors import UnknownFileError
from openai_resources.storage import aws_errors
from resource_items import file_item, ids, table
from resource_items.file_item import File

if TYPE_CHECKING:
    from openai_resources.pages import Wanted
    from openai_resources.storage import Storage
    from resource_items.table import Item

CONTENT_TYPE = "application/octet-stream"
_URL_VALID_S = 60


class ClientFiles:
    """The files of `owner` (`owners.owner`). All methods that call AWS raise StorageUnavailableError."""

    def __init__(self, storage: Storage, owner: str) -> None:
        self._storage, self._owner = storage, owner

    @aws_errors()
    def create(self, content: bytes, *, filename: str, purpose: str, kept_s: int) -> File:
        """Stores the content, then the item, so that a file that is listed has its content."""
        file = File.new(
            self._owner,
            filename=filename,
            purpose=purpose,
            size_bytes=len(content),
            now_s=self._storage.now(),
            kept_s=kept_s,
        )
        self._storage.s3.put_object(
            Bucket=self._storage.bucket, Key=file.object_key, Body=content, ContentType=CONTENT_TYPE
        )
        self._storage.dynamodb.put_item(TableName=self._storage.table, Item=file.item())
        return file

    @aws_errors()
    def one(self, file_id: str) -> File:
        """The file. Raises UnknownFileError."""
        item = self._storage.item(file_item.key(self._owner, file_id)) if ids.is_id(file_id) else None
        if item is None:
            raise UnknownFileError(file_id)
        return File.read(item)

    @aws_errors()
    def page(self, wanted: Wanted, *, purpose: str | None = None) -> dict[str, Any]:
        """OpenAI's list of the files; of one purpose, if that is given."""

        def document(item: Item) -> dict[str, Any] | None:
            file = File.read(item)
            return file.document() if purpose in (None, file.purpose) else None

        return pages.page(self._storage, self._owner, table.FILES, wanted, document)

    @aws_errors()
    def content(self, file: File) -> bytes:
        """The file's bytes. Raises UnknownFileError if another call has just deleted them."""
        try:
            found = self._storage.s3.get_object(Bucket=self._storage.bucket, Key=file.object_key)
        except self._storage.s3.exceptions.NoSuchKey:
            raise UnknownFileError(file.id) from None
        return found["Body"].read()

    @aws_errors()
    def url(self, file: File) -> str:
        """A URL from which anybody can read the content for 60 s. It is a secret."""
        return self._storage.s3.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._storage.bucket,
                "Key": file.object_key,
                "ResponseContentType": CONTENT_TYPE,
                "ResponseContentDisposition": disposition(file.filename),
            },
            ExpiresIn=_URL_VALID_S,
        )

    @aws_errors()
    def delete(self, file: File) -> None:
        """Deletes the content, then the item. If this fails, it can be repeated."""
        self._storage.s3.delete_object(Bucket=self._storage.bucket, Key=file.object_key)
        self._storage.dynamodb.delete_item(
            TableName=self._storage.table, Key=file_item.key(self._owner, file.id)
        )


def disposition(filename: str) -> str:
    """The header `content-disposition` of a download: https://www.rfc-editor.org/rfc/rfc6266"""
    return f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
