"""What the worker has noted of jobs in DynamoDB: their answers, and which of them are dead letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from gateway_cli.jobs import backoff

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
MAX_KEYS = 100
_ATTRIBUTES = ("job", "answer_line", "answer_key", "dead_letter")


class RecordsUnreadError(Exception):
    """DynamoDB went on not reading records that it may read later."""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job's answer is `line`, or lies in S3 under `s3_key`; without either it may be a dead letter."""

    key: str
    line: str | None
    s3_key: str | None
    is_dead_letter: bool


@dataclass(frozen=True, slots=True)
class DeadLetterMark:
    """What a record said of a dead letter before the job began anew, as DynamoDB has it; empty where it said nothing."""

    key: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobRecords:
    """The table of one stack."""

    dynamodb: DynamoDBClient
    table: str

    def read(self, keys: Sequence[str], *, stop: Event) -> Iterator[list[JobRecord]]:
        """The records that are there, of up to 100 keys, some at a time: DynamoDB answers with 16 MB at most.

        Ends early once `stop` is set. Raises RecordsUnreadError, and what boto3 raises.
        """
        attempt = 0
        while keys:
            answer = self.dynamodb.batch_get_item(RequestItems={self.table: _request(keys)})
            yield [_record(item) for item in answer["Responses"].get(self.table, [])]
            left = _unread(answer.get("UnprocessedKeys", {}).get(self.table, {}))
            attempt = attempt + 1 if len(left) == len(keys) else 0
            if attempt == backoff.ATTEMPTS:
                raise RecordsUnreadError(
                    f"DynamoDB read none of {len(left)} records in {attempt} attempts. The same command goes on."
                )
            if left and stop.wait(backoff.wait_s(attempt)):
                return
            keys = left

    def begin_anew(self, key: str) -> DeadLetterMark:
        """The job is no dead letter any more, and its attempts are counted from 1. Raises what boto3 raises.

        Otherwise it would stay one until a worker takes it up, and whoever collects would not wait for it. Returns what
        `put_back` needs.
        """
        answer = self._update(
            key,
            UpdateExpression="SET attempts = :none REMOVE dead_letter",
            ConditionExpression="attribute_exists(job)",
            ExpressionAttributeValues={":none": {"N": "0"}},
            ReturnValues="UPDATED_OLD",
        )
        return DeadLetterMark(key, answer.get("Attributes", {}))

    def put_back(self, mark: DeadLetterMark) -> None:
        """The job is a dead letter as before, unless a worker has it already. Raises what boto3 raises."""
        if not {"attempts", "dead_letter"} <= mark.attributes.keys():
            return
        self._update(
            mark.key,
            UpdateExpression="SET attempts = :attempts, dead_letter = :dead_letter",
            ConditionExpression="attempts = :none AND attribute_not_exists(dead_letter)",
            ExpressionAttributeValues={
                ":none": {"N": "0"},
                **{f":{name}": mark.attributes[name] for name in ("attempts", "dead_letter")},
            },
        )

    def _update(self, key: str, **changes: Any) -> Mapping[str, Any]:
        """DynamoDB's answer; an empty one where the record is not as the condition wants it."""
        try:
            return self.dynamodb.update_item(TableName=self.table, Key={"job": {"S": key}}, **changes)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return {}


def _request(keys: Sequence[str]) -> Any:
    names = {f"#{number}": name for number, name in enumerate(_ATTRIBUTES)}
    return {
        "Keys": [{"job": {"S": key}} for key in keys],
        "ProjectionExpression": ", ".join(names),
        "ExpressionAttributeNames": names,
    }


def _unread(request: Mapping[str, Any]) -> list[str]:
    return [key["job"]["S"] for key in request.get("Keys", [])]


def _record(item: Mapping[str, Any]) -> JobRecord:
    job, line, s3_key, dead_letter = (item.get(name, {}).get("S") for name in _ATTRIBUTES)
    return JobRecord(job or "", line, s3_key, is_dead_letter=dead_letter is not None)
