"""The items of a client's uploads and of their parts, and the conditions under which they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chat_gateway.client_policies.update_expression import Update
from openai_resources.storage import is_condition_failed
from openai_resources.uploads.errors import UnknownUploadError
from resource_items import ids, table, upload_item
from resource_items.upload_item import CANCELLED, COMPLETED, PENDING, Part, Upload

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from openai_resources.storage import Storage
    from resource_items.file_item import File


class UploadTable:
    """The uploads of `owner` (`owners.owner`) in the table. All methods raise exceptions of boto3."""

    def __init__(self, storage: Storage, owner: str) -> None:
        self._storage, self._owner = storage, owner

    def add(self, item: Upload | Part) -> None:
        """Stores a new upload or part."""
        self._storage.dynamodb.put_item(TableName=self._storage.table, Item=item.item())

    def one(self, upload_id: str) -> Upload:
        """The upload. Raises UnknownUploadError."""
        found = self._storage.item(upload_item.key(self._owner, upload_id)) if ids.is_id(upload_id) else None
        if found is None:
            raise UnknownUploadError(upload_id)
        return Upload.read(found)

    def parts(self, upload: Upload) -> dict[str, Part]:
        """All parts that were sent, by id."""
        pages = self._storage.dynamodb.get_paginator("query").paginate(
            TableName=self._storage.table,
            ConsistentRead=True,
            KeyConditionExpression="#owner = :upload",
            ExpressionAttributeNames={"#owner": table.OWNER},
            ExpressionAttributeValues={":upload": {"S": upload.id}},
        )
        found = (Part.read(item) for page in pages for item in page["Items"])
        return {part.id: part for part in found}

    def counted(self, upload: Upload, *, most: int) -> bool:
        """Counts one more part. False if the upload has ended, or has `most` parts."""
        update = _of_pending()
        update.add({upload_item.PARTS_SENT: 1})
        update.require_at_most(upload_item.PARTS_SENT, most - 1)
        return self._changed(upload, update)

    def claimed(self, upload: Upload, plan: str, transfer: str) -> bool:
        """Notes which parts are being put together, and how. False if the upload has ended, or another call did so."""
        update = _of_pending()
        update.set(upload_item.PLAN, {"S": plan})
        update.set(upload_item.TRANSFER, {"S": transfer})
        update.require_absent(upload_item.PLAN)
        return self._changed(upload, update)

    def cancelled(self, upload: Upload) -> bool:
        """Cancels the upload. False if it has ended."""
        update = _of_pending()
        update.set(upload_item.STATUS, {"S": CANCELLED})
        return self._changed(upload, update)

    def completed(self, upload: Upload, file: File) -> bool:
        """Completes the upload and stores the file's item, both or none. False if the upload has ended otherwise."""
        update = _of_pending()
        update.set(upload_item.STATUS, {"S": COMPLETED})
        update.set(upload_item.COMPLETED_AT, {"N": str(file.created_at)})
        update.require_equal(upload_item.TRANSFER, {"S": str(upload.transfer)})
        changes: list[TransactWriteItemTypeDef] = [
            {"Update": self._update(upload, update)},
            {"Put": {"TableName": self._storage.table, "Item": file.item()}},
        ]
        try:
            self._storage.dynamodb.transact_write_items(TransactItems=changes)
        except self._storage.dynamodb.exceptions.TransactionCanceledException as failure:
            if is_condition_failed(failure):
                return False
            raise
        return True

    def _changed(self, upload: Upload, update: Update) -> bool:
        try:
            self._storage.dynamodb.update_item(**self._update(upload, update))
        except self._storage.dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _update(self, upload: Upload, update: Update) -> Any:
        """The parameters of UpdateItem, and of an update in a transaction."""
        key = upload_item.key(self._owner, upload.id)
        return {"TableName": self._storage.table, "Key": key, **update.parameters()}


def _of_pending() -> Update:
    """An update that fails if the upload has ended."""
    update = Update()
    update.require_equal(upload_item.STATUS, {"S": PENDING})
    return update
