"""Reads the answers of a batch's lines from the job records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from resource_items.batch_lines import Line

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from resource_items.table import Item

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
MAX_KEYS = 100
_JOB = "job"


class RecordsUnavailableError(Exception):
    """DynamoDB left all records out of its answer, because of its load."""


class LineRecord(NamedTuple):
    """The job record of a line. `leased_until` is the epoch second until which a worker may have the line."""

    leased_until: float = 0
    line: str | None = None
    s3_key: str | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the line has its answer, which never changes."""
        return self.line is not None or self.s3_key is not None


class Answers(NamedTuple):
    """The job records, and the bucket of large answers. Methods raise botocore's errors."""

    dynamodb: DynamoDBClient
    records_table: str
    s3: S3Client
    bucket: str

    def records(self, lines: Sequence[Line]) -> dict[int, LineRecord]:
        """The records of at most MAX_KEYS lines, by number. Raises RecordsUnavailableError.

        The reads are consistent: a line without a record here has none when it is read.
        """
        found = {item[_JOB]["S"]: _record(item) for item in self._items(lines)}
        return {line.number: found.get(line.job_key, LineRecord()) for line in lines}

    def text(self, record: LineRecord) -> str:
        """The output line of a record that is answered."""
        if record.line is not None:
            return record.line
        answer = self.s3.get_object(Bucket=self.bucket, Key=record.s3_key or "")
        return answer["Body"].read().decode()

    def _items(self, lines: Sequence[Line]) -> Iterator[Item]:
        request: Any = {
            self.records_table: {
                "Keys": [{_JOB: {"S": line.job_key}} for line in lines],
                "ConsistentRead": True,
            }
        }
        while request:
            answer: Any = self.dynamodb.batch_get_item(RequestItems=request)
            items = answer["Responses"].get(self.records_table, [])
            yield from items
            request = answer.get("UnprocessedKeys")
            if request and not items:
                raise RecordsUnavailableError


def _record(item: Item) -> LineRecord:
    return LineRecord(
        leased_until=float(item.get("leased_until", {}).get("N", 0)),
        line=item.get("answer_line", {}).get("S"),
        s3_key=item.get("answer_key", {}).get("S"),
    )
