"""The answers of lines are read whole, however DynamoDB and S3 give them."""

from __future__ import annotations

import io
from typing import Any, cast

import pytest

from batch_steps.answers import Answers, LineRecord, RecordsUnavailableError
from resource_items.batch_lines import Line

LINES = [Line("batch_1", number) for number in (1, 2, 3)]


class FakeDynamoDb:
    """Answers one record to each call, and leaves the others out. With `is_busy`, it leaves out all."""

    def __init__(self, *, is_busy: bool = False) -> None:
        self._is_busy, self.calls = is_busy, 0

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        self.calls += 1
        ((table, request),) = RequestItems.items()
        first, *others = request["Keys"]
        items = [] if self._is_busy else [{**first, "answer_line": {"S": first["job"]["S"]}}]
        left = request["Keys"] if self._is_busy else others
        return {"Responses": {table: items}, "UnprocessedKeys": {table: {"Keys": left}} if left else {}}


class FakeS3:
    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        return {"Body": io.BytesIO(f"{Bucket}/{Key}".encode())}


def answers(dynamodb: FakeDynamoDb) -> Answers:
    return Answers(cast("Any", dynamodb), "records", cast("Any", FakeS3()), "results")


def test_keys_that_were_left_out() -> None:
    """Records that DynamoDB left out of an answer are asked for again."""
    dynamodb = FakeDynamoDb()
    records = answers(dynamodb).records(LINES)
    assert [records[line.number].line for line in LINES] == [line.job_key for line in LINES]
    assert dynamodb.calls == 3


def test_no_record_came() -> None:
    """If DynamoDB leaves out all, the step fails, and a later one asks again."""
    with pytest.raises(RecordsUnavailableError):
        answers(FakeDynamoDb(is_busy=True)).records(LINES)


def test_a_large_answer() -> None:
    """An answer that is too large for a record is an object."""
    assert answers(FakeDynamoDb()).text(LineRecord(s3_key="results/a")) == "results/results/a"
