"""The table and the bucket of files, uploads and batches, on moto."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from openai_resources.settings import StorageSettings
from openai_resources.storage import Storage
from tests.unit import resources_table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

TABLE, BUCKET, QUEUE = "resources", "files", "steps"


class Clock:
    """A clock that stands still. It shows epoch seconds."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


@cache
def _clients() -> tuple[DynamoDBClient, S3Client]:
    """Made once, because that takes longer than most tests."""
    storage = Storage(StorageSettings(TABLE, BUCKET, QUEUE))
    return storage.dynamodb, storage.s3


@contextmanager
def empty(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Iterator[Storage]:
    """An empty table and an empty bucket, without the developer's own AWS settings."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        storage = Storage(StorageSettings(TABLE, BUCKET, QUEUE), now=clock)
        storage.dynamodb, storage.s3 = _clients()
        resources_table.create(storage.dynamodb, TABLE)
        storage.s3.create_bucket(Bucket=BUCKET)
        yield storage


def objects(storage: Storage) -> dict[str, bytes]:
    """All objects of the bucket by key."""
    listed = storage.s3.list_objects_v2(Bucket=storage.bucket).get("Contents", [])
    keys = [found["Key"] for found in listed]
    return {key: storage.s3.get_object(Bucket=storage.bucket, Key=key)["Body"].read() for key in keys}
