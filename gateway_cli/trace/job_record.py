"""What the table of job records has of a job, without its answer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gateway_cli.trace.events import ANSWERED, CLAIMED, DEAD_LETTER, RECORD, WAITING, Event

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The answer itself is read to see whether there is one and whether it is an error, and not kept.
_NAMES = (
    "attempts",
    "client",
    "sender",
    "leased_until",
    "dead_letter",
    "failed",
    "answer_key",
    "answer_line",
)


@dataclass(frozen=True, slots=True)
class JobRecordReader:
    """Reads the table of job records. Its method raises botocore's errors."""

    dynamodb: DynamoDBClient
    table: str

    def read(self, keys: Iterable[str]) -> list[Event]:
        """The records of the keys that have one."""
        items = [self._item(key) for key in keys]
        return [Event(None, RECORD, _document(item)) for item in items if item]

    def _item(self, key: str) -> dict[str, Any]:
        names = {f"#{number}": name for number, name in enumerate(_NAMES)}
        answer = self.dynamodb.get_item(
            TableName=self.table,
            Key={"job": {"S": key}},
            ConsistentRead=True,
            ProjectionExpression=", ".join(names),
            ExpressionAttributeNames=names,
        )
        return dict(answer.get("Item", {}))


def _document(item: dict[str, Any]) -> dict[str, Any]:
    values = {name: next(iter(item[name].values())) for name in _NAMES if name in item}
    has_answer = not {"answer_line", "answer_key"}.isdisjoint(values)
    if _has_error(values.pop("answer_line", None)):
        values["failed"] = True
    is_claimed = values.get("leased_until", "0") != "0"
    state = CLAIMED if is_claimed else WAITING
    if "dead_letter" in values:
        state = DEAD_LETTER
    return {"state": ANSWERED if has_answer else state, **{k: v for k, v in values.items() if v != ""}}


def _has_error(answer_line: object) -> bool:
    """Whether the answer is an error. The record of a job that is no line of a batch does not say so elsewhere."""
    try:
        answer = json.loads(answer_line) if isinstance(answer_line, str) else {}
        response = answer.get("response") or {}
        return bool(answer.get("error")) or response.get("status_code", HTTPStatus.OK) != HTTPStatus.OK
    except (ValueError, AttributeError, RecursionError):
        return False
