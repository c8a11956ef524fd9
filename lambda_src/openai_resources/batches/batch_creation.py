"""Stores a new batch, and finds the batch that an earlier attempt of the same request has made.

The SDKs repeat a request without an idempotency key. Such a repeat has the same body and a retry count above 0:
https://github.com/openai/openai-python/blob/main/src/openai/_base_client.py (x-stainless-retry-count)
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from openai_resources.storage import is_condition_failed
from resource_items import batch_lines, batch_state, owners, table
from resource_items.batch_item import Batch

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PutTypeDef, TransactWriteItemTypeDef

    from openai_resources.storage import Storage
    from resource_items.table import Item

_REPEATABLE_S = 600
# The step finds the batch, which is stored after its message was sent.
_FIRST_STEP_S = 1
_CREATED = "created#"
_BATCH, _MADE_AT_MS, _IS_REPEAT = "batch", "made_at_ms", "is_repeat"


class Creation(NamedTuple):
    """A request that makes a batch. It began at `now_s` (epoch seconds). Methods raise exceptions of boto3."""

    storage: Storage
    owner: str
    body: bytes
    is_repeat: bool
    now_s: float

    def earlier_id(self) -> str | None:
        """If this is a repeat: the id of the batch that an earlier attempt has made within ten minutes."""
        item = self.storage.item(self._key) if self.is_repeat else None
        if item is None or table.number(item, _MADE_AT_MS) < self._since_ms:
            return None
        return table.text(item, _BATCH)

    def store(self, batch: Batch, input_key: str) -> str:
        """Stores the batch. Returns its id, or that of the batch that another attempt has made in the meantime.

        The message is sent first: if this is killed, no batch waits for ever.
        """
        self.storage.sqs.send_message(
            QueueUrl=self.storage.steps_queue_url,
            MessageBody=batch_lines.step_message(batch.id),
            DelaySeconds=_FIRST_STEP_S,
            MessageGroupId=owners.client_of(self.owner),
        )
        items = (batch.item(), batch_state.new(batch, input_key))
        puts: list[TransactWriteItemTypeDef] = [
            {"Put": {"TableName": self.storage.table, "Item": item}} for item in items
        ]
        try:
            self.storage.dynamodb.transact_write_items(TransactItems=[*puts, {"Put": self._note(batch)}])
        except self.storage.dynamodb.exceptions.TransactionCanceledException as failure:
            item = self.storage.item(self._key) if is_condition_failed(failure) else None
            if item is None or table.text(item, _BATCH) == batch.id:
                raise
            return table.text(item, _BATCH)
        return batch.id

    def _note(self, batch: Batch) -> PutTypeDef:
        """Notes the batch under the request's hash, unless another attempt of the same request has been faster.

        A first attempt gives way only to a repeat that began after it.
        """
        no_other = "attribute_not_exists(#made) OR #made < :since"
        names, values = {"#made": _MADE_AT_MS}, {":since": {"N": str(self._since_ms)}}
        if not self.is_repeat:
            no_other += " OR #repeat = :no"
            names["#repeat"], values[":no"] = _IS_REPEAT, {"N": "0"}
        return {
            "TableName": self.storage.table,
            "Item": self._noted(batch),
            "ConditionExpression": no_other,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }

    def _noted(self, batch: Batch) -> Item:
        attributes = table.written(
            batch=batch.id,
            made_at_ms=int(self.now_s * 1000),
            is_repeat=int(self.is_repeat),
            expires_at=int(self.now_s) + _REPEATABLE_S,
        )
        return {**self._key, **attributes}

    @property
    def _since_ms(self) -> int:
        """A batch that was made before this time is another one."""
        return int((self.now_s - _REPEATABLE_S if self.is_repeat else self.now_s) * 1000)

    @property
    def _key(self) -> Item:
        return table.key(self.owner, _CREATED + hashlib.sha256(self.body).hexdigest())
