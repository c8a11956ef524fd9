"""The items of a client's uploads and of their parts, and the conditions under which they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openai_resources.storage import is_condition_failed
from openai_resources.uploads.errors import UnknownUploadError
from resource_items import ids, table, upload_item
from resource_items.upload_item import CANCELLED, COMPLETED, PENDING, Part, Upload

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PutTypeDef, UpdateTypeDef

    from openai_resources.storage import Storage
    from resource_items.file_item import File

_STATUS = {"#status": upload_item.STATUS}
_IS_PENDING = "#status = :pending"
_PENDING = {":pending": {"S": PENDING}}


class UploadTable:
    """The uploads of `client` in the table. All methods raise exceptions of boto3."""

    def __init__(self, storage: Storage, client: str) -> None:
        self._storage, self._client = storage, client

    def add(self, item: Upload | Part) -> None:
        """Stores a new upload or part."""
        self._storage.dynamodb.put_item(TableName=self._storage.table, Item=item.item())

    def one(self, upload_id: str) -> Upload:
        """The upload. Raises UnknownUploadError."""
        found = self._storage.item(upload_item.key(self._client, upload_id)) if ids.is_id(upload_id) else None
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
        return self._changed(
            upload,
            "ADD #sent :one",
            f"{_IS_PENDING} AND #sent < :most",
            {"#sent": upload_item.PARTS_SENT},
            {":one": {"N": "1"}, ":most": {"N": str(most)}},
        )

    def claimed(self, upload: Upload, plan: str, transfer: str) -> bool:
        """Notes which parts are being put together, and how. False if the upload has ended, or another call did so."""
        return self._changed(
            upload,
            "SET #plan = :plan, #transfer = :transfer",
            f"{_IS_PENDING} AND attribute_not_exists(#plan)",
            {"#plan": upload_item.PLAN, "#transfer": upload_item.TRANSFER},
            {":plan": {"S": plan}, ":transfer": {"S": transfer}},
        )

    def cancelled(self, upload: Upload) -> bool:
        """Cancels the upload. False if it has ended."""
        return self._changed(
            upload, "SET #status = :cancelled", _IS_PENDING, {}, {":cancelled": {"S": CANCELLED}}
        )

    def completed(self, upload: Upload, file: File) -> bool:
        """Completes the upload and stores the file's item, both or none. False if the upload has ended otherwise."""
        update: UpdateTypeDef = {
            "TableName": self._storage.table,
            "Key": upload_item.key(self._client, upload.id),
            "UpdateExpression": "SET #status = :completed, #at = :at",
            "ConditionExpression": f"{_IS_PENDING} AND #transfer = :transfer",
            "ExpressionAttributeNames": {
                **_STATUS,
                "#at": upload_item.COMPLETED_AT,
                "#transfer": upload_item.TRANSFER,
            },
            "ExpressionAttributeValues": {
                **_PENDING,
                ":completed": {"S": COMPLETED},
                ":at": {"N": str(file.created_at)},
                ":transfer": {"S": str(upload.transfer)},
            },
        }
        put: PutTypeDef = {"TableName": self._storage.table, "Item": file.item()}
        try:
            self._storage.dynamodb.transact_write_items(TransactItems=[{"Update": update}, {"Put": put}])
        except self._storage.dynamodb.exceptions.TransactionCanceledException as failure:
            if is_condition_failed(failure):
                return False
            raise
        return True

    def _changed(
        self, upload: Upload, update: str, condition: str, names: dict[str, str], values: dict[str, Any]
    ) -> bool:
        try:
            self._storage.dynamodb.update_item(
                TableName=self._storage.table,
                Key=upload_item.key(self._client, upload.id),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames={**_STATUS, **names},
                ExpressionAttributeValues={**_PENDING, **values},
            )
        except self._storage.dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True
