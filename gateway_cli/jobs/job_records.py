"""The worker's job records in DynamoDB: the jobs' answers, and which jobs are dead letters."""

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
    """DynamoDB did not read some records in all attempts. It may read them later."""


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job's record. The answer is in `line`, or in S3 under `s3_key`. A job without an answer may be a dead letter."""

    key: str
    line: str | None
    s3_key: str | None
    is_dead_letter: bool


@dataclass(frozen=True, slots=True)
class DeadLetterMark:
    """The attributes that mark a record as a dead letter, as DynamoDB has them; empty if the record had none."""

    key: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobRecords:
    """The job records table of one stack."""

    dynamodb: DynamoDBClient
    table: str

    def read(self, keys: Sequence[str], *, stop: Event) -> Iterator[list[JobRecord]]:
        """Yields the existing records of up to 100 keys, in several parts: one answer of DynamoDB has at most 16 MB.

        Ends early when `stop` is set. Raises RecordsUnreadError and boto3's exceptions.
        """
        attempt = 0
        while keys:
            answer = self.dynamodb.batch_get_item(RequestItems={self.table: _request(keys)})
            yield [_record(item) for item in answer["Responses"].get(self.table, [])]
            left = _unread(answer.get("UnprocessedKeys", {}).get(self.table, {}))
            attempt = attempt + 1 if len(left) == len(keys) else 0
            if attempt == backoff.ATTEMPTS:
                raise RecordsUnreadError(
                    f"DynamoDB read none of {len(left)} records in {attempt} attempts. "
                    "Run the same command again to continue."
                )
            if left and stop.wait(backoff.wait_s(attempt)):
                return
            keys = left

    def begin_anew(self, key: str) -> DeadLetterMark:
        """Marks the job as waiting, with no attempts yet. Returns the old mark for `put_back`. Raises boto3's exceptions.

        Without this, the job would stay a dead letter until a worker starts it, and `jobs results` would not wait for it.
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
        """Marks the job as a dead letter again, unless a worker has already started it. Raises boto3's exceptions."""
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
        """DynamoDB's answer; empty if the record does not meet the condition."""
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
