"""Clients' files in the table and the bucket."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gateway_cli.jobs import aws_clients
from resource_items import batch_item, batch_state, file_item, ids, table, upload_item
from resource_items.batch_item import Batch
from resource_items.file_item import File
from resource_items.upload_item import Part, Upload

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from gateway_cli.stack_outputs import StackOutputs
    from resource_items.table import Item

_CONTENT_TYPE = "application/octet-stream"
_THREADS = 10  # of boto3's transfers


class FilesError(Exception):
    """A command on files was not carried out."""


class NoFilesError(FilesError):
    """An earlier version deployed the stack."""

    def __init__(self, env: str) -> None:
        super().__init__(f"The stack has no files. Deploy it again with `make deploy ENV={env}`.")


class Counts(NamedTuple):
    """How much an owner has."""

    files: int
    uploads: int  # without those that have ended
    batches: int


@dataclass(frozen=True, slots=True)
class StoredFiles:
    """The files of an environment's clients. An owner is `owners.owner`. Its methods raise botocore's errors."""

    dynamodb: DynamoDBClient
    s3: S3Client
    table: str
    bucket: str

    @classmethod
    def of(cls, session: boto3.Session, outputs: StackOutputs) -> StoredFiles:
        """Raises NoFilesError."""
        if outputs.resources_table is None or outputs.files_bucket is None:
            raise NoFilesError(outputs.stage_name)
        s3 = aws_clients.s3(session, threads=_THREADS)
        return cls(aws_clients.dynamodb(session), s3, outputs.resources_table, outputs.files_bucket)

    def files(self, owner: str) -> list[File]:
        """The owner's files, oldest first."""
        return [File.read(item) for item in self._current(owner, table.FILES)]

    def counts(self, owner: str) -> Counts:
        """How many files, unfinished uploads and batches the owner has."""
        now_s = time.time()
        uploads = [Upload.read(item).status_at(now_s) for item in self._current(owner, table.UPLOADS)]
        batches = list(self._current(owner, table.BATCHES))
        return Counts(
            files=len(self.files(owner)), uploads=uploads.count(upload_item.PENDING), batches=len(batches)
        )

    def upload(self, owner: str, path: Path, *, progress: Callable[[int], None]) -> File:
        """Stores the content, then the item. `progress` is called with the number of bytes that were sent."""
        file = File.new(owner, filename=path.name, purpose=file_item.BATCH, size_bytes=0, now_s=time.time())
        sent = _Sum(progress)
        self.s3.upload_file(
            str(path),
            self.bucket,
            file.object_key,
            ExtraArgs={"ContentType": _CONTENT_TYPE},
            Callback=sent.add,
        )
        size_bytes = self.s3.head_object(Bucket=self.bucket, Key=file.object_key)["ContentLength"]
        stored = file._replace(bytes=size_bytes)
        self.dynamodb.put_item(TableName=self.table, Item=stored.item())
        return stored

    def delete(self, file: File) -> None:
        """Deletes the content, then the item. If this fails, it can be repeated."""
        self.s3.delete_object(Bucket=self.bucket, Key=file.object_key)
        self.dynamodb.delete_item(TableName=self.table, Key=file_item.key(file.owner, file.id))

    def delete_all(self, owner: str) -> None:
        """Deletes the owner's batches, uploads and files, also those whose time is over.

        A batch without its state is not gone on with. So batches are deleted first, and make no more files.
        """
        for item in self._items(owner, table.BATCHES):
            self._delete_batch(Batch.read(item))
        for item in self._items(owner, table.FILES):
            self.delete(File.read(item))
        for item in self._items(owner, table.UPLOADS):
            self._delete_upload(Upload.read(item))

    def _delete_batch(self, batch: Batch) -> None:
        for item_key in (batch_state.key(batch.id), batch_item.key(batch.owner, batch.id)):
            self.dynamodb.delete_item(TableName=self.table, Key=item_key)

    def _delete_upload(self, upload: Upload) -> None:
        for item in self._items(upload.id, ids.PART):
            part = Part.read(item)
            self.s3.delete_object(Bucket=self.bucket, Key=part.object_key)
            self.dynamodb.delete_item(TableName=self.table, Key=table.key(upload.id, part.id))
        self.dynamodb.delete_item(TableName=self.table, Key=upload_item.key(upload.owner, upload.id))

    def _current(self, owner: str, kind: str) -> Iterator[Item]:
        """The items whose time is not over."""
        now_s = time.time()
        return (item for item in self._items(owner, kind) if not table.has_expired(item, now_s))

    def _items(self, owner: str, kind: str) -> Iterator[Item]:
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            ConsistentRead=True,
            KeyConditionExpression="#owner = :owner AND begins_with(#id, :kind)",
            ExpressionAttributeNames={"#owner": table.OWNER, "#id": table.ID},
            ExpressionAttributeValues={":owner": {"S": owner}, ":kind": {"S": kind}},
        )
        return (item for page in pages for item in page["Items"])


class _Sum:
    """Adds the numbers of bytes that boto3's threads report."""

    def __init__(self, progress: Callable[[int], None]) -> None:
        self._progress, self._bytes = progress, 0

    def add(self, size_bytes: int) -> None:
        self._bytes += size_bytes
        self._progress(self._bytes)
