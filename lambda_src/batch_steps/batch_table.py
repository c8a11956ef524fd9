"""A batch's items in the table `Resources`, as the steps read and write them. One step at a time has a batch."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from batch_steps import progress
from batch_steps.progress import Progress
from chat_gateway.aws.json_client import CONDITION_FAILED
from chat_gateway.client_policies.update_expression import Update
from resource_items import batch_item, batch_lines, batch_state, table
from resource_items.batch_item import Batch
from resource_items.batch_lines import Counts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from resource_items.table import Item

# The largest assumed difference between two functions' clocks.
SKEW_S = 3


class BatchMissingError(Exception):
    """There is no such batch, or not yet."""


class LeaseHeldError(Exception):
    """Another step has the batch, until `until_s` (epoch seconds) at the latest."""

    def __init__(self, until_s: int) -> None:
        super().__init__()
        self.until_s = until_s


class StateChangedError(Exception):
    """The batch's status has changed, or another step has the batch by now."""


class BatchTable(NamedTuple):
    """The table. Methods raise botocore's errors."""

    dynamodb: DynamoDBClient
    name: str

    def claim(self, batch_id: str, *, now_s: float, lease_s: float) -> Claim:
        """Gives the batch to the caller for `lease_s`. Raises BatchMissingError and LeaseHeldError."""
        owner, update = uuid.uuid4().hex, Update()
        update.set(progress.LEASE_OWNER, {"S": owner})
        update.add({progress.ATTEMPTS: 1})
        update.set(progress.LEASE_UNTIL, {"N": str(int(now_s + lease_s) + SKEW_S)})
        update.require_present(table.OWNER)
        update.require_at_most(progress.LEASE_UNTIL, int(now_s))
        try:
            item = self._updated(batch_id, update)
        except _RefusedError as refused:
            if not refused.item:
                raise BatchMissingError from None
            raise LeaseHeldError(batch_state.count(refused.item, progress.LEASE_UNTIL)) from None
        return Claim(self, owner, Progress.read(item))

    def batch(self, state: Progress) -> Batch:
        """The batch as its client made it. Raises BatchMissingError."""
        key = batch_item.key(state.state.owner, state.batch_id)
        item = self.dynamodb.get_item(TableName=self.name, Key=key, ConsistentRead=True).get("Item")
        if item is None:
            raise BatchMissingError
        return Batch.read(item)

    def counts(self, batch_id: str) -> Counts:
        """The lines that have been counted."""
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.name, ConsistentRead=True, **batch_lines.chunks_query(batch_id)
        )
        return batch_lines.counts(dict(item) for page in pages for item in page["Items"])

    def put(self, item: Item) -> None:
        """Writes an item."""
        self.dynamodb.put_item(TableName=self.name, Item=item)

    def _updated(self, batch_id: str, update: Update) -> Item:
        """The changed item. Raises _RefusedError if the condition fails."""
        parameters: dict[str, Any] = {
            "TableName": self.name,
            "Key": batch_state.key(batch_id),
            **update.parameters(),
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            return self.dynamodb.update_item(**parameters)["Attributes"]
        except ClientError as error:
            if error.response["Error"]["Code"] != CONDITION_FAILED:
                raise
            answer: Mapping[str, Any] = {**error.response}
            raise _RefusedError(answer.get("Item", {})) from None


class Claim:
    """A batch that one step has. `progress` is as the last change left it."""

    def __init__(self, batches: BatchTable, owner: str, read: Progress) -> None:
        self._batches, self._owner, self.progress = batches, owner, read
        self._status = read.state.status

    @property
    def batch_id(self) -> str:
        """The batch's id."""
        return self.progress.batch_id

    def batch(self) -> Batch:
        """The batch as its client made it. Raises BatchMissingError."""
        return self._batches.batch(self.progress)

    def counts(self) -> Counts:
        """The lines that have been counted."""
        return self._batches.counts(self.batch_id)

    def save(self, values: Mapping[str, str | int]) -> None:
        """Changes attributes. Raises StateChangedError if another step has the batch."""
        self._save(self._update(values))

    def move(self, status: str, values: Mapping[str, str | int], *, now_s: float) -> None:
        """Gives the batch another status, if nobody else has since the claim. Raises StateChangedError."""
        update = self._update({**values, batch_state.STATUS: status, batch_state.reached(status): int(now_s)})
        update.require_equal(batch_state.STATUS, {"S": self._status})
        self._save(update)
        self._status = status

    def release(self, *, next_step_at: int | None) -> None:
        """The step has ended. Does nothing if another step has the batch by now."""
        ended = {progress.ATTEMPTS: 0}
        self._release(ended if next_step_at is None else {**ended, progress.NEXT_STEP_AT: next_step_at})

    def abandon(self) -> None:
        """The step has failed, and another one may try. Does nothing if another step has the batch by now."""
        self._release({})

    def _release(self, values: Mapping[str, str | int]) -> None:
        update = self._update(values)
        update.remove(progress.LEASE_OWNER, progress.LEASE_UNTIL)
        with contextlib.suppress(StateChangedError):
            self._save(update)

    def put(self, item: Item) -> None:
        """Writes an item beside the batch's own."""
        self._batches.put(item)

    def _update(self, values: Mapping[str, str | int]) -> Update:
        update = Update()
        for name, value in table.written(**values).items():
            update.set(name, value)
        update.require_equal(progress.LEASE_OWNER, {"S": self._owner})
        return update

    def _save(self, update: Update) -> None:
        try:
            item = self._batches._updated(self.batch_id, update)  # noqa: SLF001 - the claim is a part of the table
        except _RefusedError:
            raise StateChangedError from None
        if progress.LEASE_OWNER in item:
            self.progress = Progress.read(item)


class _RefusedError(Exception):
    """The condition of an update failed. `item` is the current item, empty if there is none."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        super().__init__()
        self.item = dict(item)
