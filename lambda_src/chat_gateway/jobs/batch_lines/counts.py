"""Counts the lines of batches that have ended, and asks for the next step of a batch after its last line."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chat_gateway.aws.json_client import CONDITION_FAILED, AwsCallError
from resource_items import batch_lines, batch_state
from resource_items.table import EXPIRY, ID

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from chat_gateway.client_policies.clients_table import DynamoDb
    from chat_gateway.jobs.batch_lines.open_batches import OpenBatches
    from resource_items.batch_lines import Line
    from resource_items.batch_state import BatchState
    from resource_items.table import Item


@dataclass(frozen=True, slots=True)
class LineCounts:
    """The chunks of the table, and the queue of steps. Threads may share it."""

    dynamodb: DynamoDb
    table: str
    batches: OpenBatches
    sqs: SQSClient
    steps_url: str

    def add(self, line: Line, *, is_failed: bool) -> None:
        """Counts the line once, however often it is added. Raises AwsCallError and UnreadableItemError."""
        state = self.batches.kept(line.batch_id)
        if state is None:
            return  # the batch was deleted
        chunk = self._update(
            line.chunk_key,
            f"ADD {batch_lines.FAILED if is_failed else batch_lines.COMPLETED} :line "
            f"SET {EXPIRY} = if_not_exists({EXPIRY}, :expires)",
            line={"NS": [str(line.number)]},
            expires={"N": str(state.items_expire_at)},
        )
        if batch_lines.is_full(chunk, line.chunk, state.total_lines):
            self._add_full_chunk(line, state)

    def _add_full_chunk(self, line: Line, state: BatchState) -> None:
        try:
            item = self._update(
                batch_state.key(line.batch_id),
                f"ADD {batch_state.FULL_CHUNKS} :chunk",
                condition=f"attribute_exists({ID})",
                chunk={"NS": [str(line.chunk)]},
            )
        except AwsCallError as error:
            if error.code == CONDITION_FAILED:  # the batch was deleted
                return
            raise
        if batch_lines.counted(item, batch_state.FULL_CHUNKS) == batch_lines.chunk_count(state.total_lines):
            self._ask_for_step(line.batch_id, state.client)

    def _ask_for_step(self, batch_id: str, client: str) -> None:
        """If the message cannot be sent, the batch's own regular step notices that all lines have ended."""
        with contextlib.suppress(BotoCoreError, ClientError):
            self.sqs.send_message(
                QueueUrl=self.steps_url, MessageBody=batch_lines.step_message(batch_id), MessageGroupId=client
            )

    def _update(self, key: Item, expression: str, *, condition: str | None = None, **values: Any) -> Item:
        """The changed item."""
        answer = self.dynamodb.call(
            "UpdateItem",
            {
                "TableName": self.table,
                "Key": key,
                "UpdateExpression": expression,
                "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
                "ReturnValues": "ALL_NEW",
                **({} if condition is None else {"ConditionExpression": condition}),
            },
        )
        changed: Item = answer["Attributes"]
        return changed
