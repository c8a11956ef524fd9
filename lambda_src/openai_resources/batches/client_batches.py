"""A client's batches: their items and states."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from openai_resources import pages
from openai_resources.batches import batch_object
from openai_resources.batches.batch_creation import Creation
from openai_resources.batches.errors import BatchEndedError, UnknownBatchError
from openai_resources.storage import aws_errors
from resource_items import batch_item, batch_lines, batch_state, ids, owners, table
from resource_items.batch_item import Batch
from resource_items.batch_lines import Counts
from resource_items.batch_state import CANCELLED, CANCELLING, EXPIRED, FINALIZING, IN_PROGRESS, VALIDATING

if TYPE_CHECKING:
    from openai_resources.batches.batch_rules import WantedBatch
    from openai_resources.pages import Wanted
    from openai_resources.storage import Storage
    from resource_items.table import Item


class ClientBatches:
    """The batches of `owner` (`owners.owner`). All methods that call AWS raise StorageUnavailableError."""

    def __init__(self, storage: Storage, owner: str) -> None:
        self._storage, self._owner = storage, owner

    @aws_errors()
    def earlier(self, creation: Creation) -> dict[str, Any] | None:
        """OpenAI's object of the batch that an earlier attempt of this request has made; None without one."""
        earlier_id = creation.earlier_id()
        return None if earlier_id is None else self.one(earlier_id)

    @aws_errors()
    def create(
        self, creation: Creation, wanted: WantedBatch, *, endpoint: str, input_key: str
    ) -> dict[str, Any]:
        """OpenAI's object of a new batch, or of the one that another attempt of this request has just made."""
        batch = Batch.new(
            self._owner,
            endpoint=endpoint,
            input_file_id=wanted.input_file_id,
            now_s=creation.now_s,
            metadata=wanted.metadata,
            output_kept_s=wanted.output_kept_s,
        )
        return self.one(creation.store(batch, input_key))

    @aws_errors()
    def one(self, batch_id: str) -> dict[str, Any]:
        """OpenAI's object of a batch, with exact counts and all errors. Raises UnknownBatchError."""
        return self._whole(*self._found(batch_id))

    @aws_errors()
    def page(self, wanted: Wanted) -> dict[str, Any]:
        """OpenAI's list of the batches. A batch in it may have earlier counts, and only the first errors."""

        def document(item: Item) -> dict[str, Any] | None:
            batch = Batch.read(item)
            state = self._storage.item(batch_state.key(batch.id))
            return None if state is None else batch_object.document(batch, state, errors=_first_errors(state))

        return pages.page(self._storage, self._owner, table.BATCHES, wanted, document)

    @aws_errors()
    def cancel(self, batch_id: str) -> dict[str, Any]:
        """OpenAI's object of the batch, which is now being cancelled. May be repeated.

        Raises UnknownBatchError, and BatchEndedError for a batch that has ended otherwise.
        """
        batch, _ = self._found(batch_id)
        if not self._has_cancelled(batch):
            _check_cancelled(self._found(batch_id)[1])
        self._storage.sqs.send_message(
            QueueUrl=self._storage.steps_queue_url,
            MessageBody=batch_lines.step_message(batch.id),
            MessageGroupId=owners.client_of(self._owner),
        )
        return self._whole(*self._found(batch_id))

    def _has_cancelled(self, batch: Batch) -> bool:
        """Changes the status, unless the batch is being cancelled already, or has ended."""
        now_s = int(self._storage.now())
        try:
            self._storage.dynamodb.update_item(
                TableName=self._storage.table,
                Key=batch_state.key(batch.id),
                UpdateExpression="SET #status = :cancelling, #at = :now",
                ConditionExpression="#status IN (:validating, :in_progress, :finalizing) AND #deadline > :now",
                ExpressionAttributeNames={
                    "#status": batch_state.STATUS,
                    "#at": batch_state.reached(CANCELLING),
                    "#deadline": batch_state.DEADLINE,
                },
                ExpressionAttributeValues={
                    ":cancelling": {"S": CANCELLING},
                    **{f":{status}": {"S": status} for status in (VALIDATING, IN_PROGRESS, FINALIZING)},
                    ":now": {"N": str(now_s)},
                },
            )
        except self._storage.dynamodb.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _found(self, batch_id: str) -> tuple[Batch, Item]:
        """The batch and its state. Raises UnknownBatchError."""
        item = self._storage.item(batch_item.key(self._owner, batch_id)) if ids.is_id(batch_id) else None
        state = None if item is None else self._storage.item(batch_state.key(batch_id))
        if item is None or state is None:
            raise UnknownBatchError(batch_id)
        return Batch.read(item), state

    def _whole(self, batch: Batch, state: Item) -> dict[str, Any]:
        return batch_object.document(batch, state, self._counts(batch, state), self._errors(batch, state))

    def _counts(self, batch: Batch, state: Item) -> Counts | None:
        """The lines that have been counted. None if the state has the same numbers, or none are counted yet."""
        if table.text(state, batch_state.STATUS) not in (IN_PROGRESS, CANCELLING):
            return None
        pages_of_chunks = self._storage.dynamodb.get_paginator("query").paginate(
            TableName=self._storage.table, ConsistentRead=True, **batch_lines.chunks_query(batch.id)
        )
        return batch_lines.counts(dict(item) for page in pages_of_chunks for item in page["Items"])

    def _errors(self, batch: Batch, state: Item) -> list[Any] | None:
        """All errors of a batch that failed."""
        if batch_state.HAS_ERRORS_OBJECT not in state:
            return _first_errors(state)
        found = self._storage.s3.get_object(Bucket=self._storage.bucket, Key=batch_state.errors_key(batch.id))
        errors: list[Any] = json.loads(found["Body"].read())
        return errors


def _first_errors(state: Item) -> list[Any] | None:
    return json.loads(table.text(state, batch_state.ERRORS)) if batch_state.ERRORS in state else None


def _check_cancelled(state: Item) -> None:
    """Raises BatchEndedError, also for a batch whose time is over, but whose files are not ready yet."""
    status = table.text(state, batch_state.STATUS)
    if status not in (CANCELLING, CANCELLED):
        raise BatchEndedError(status if status in batch_state.FINAL else EXPIRED)
