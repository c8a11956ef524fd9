"""An object in parts: what is done once, and what is not hidden."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from batch_steps.file_parts import PART_BYTES, PartedObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = boto3.Session("testing", "testing", region_name="us-east-1").client("s3")
        client.create_bucket(Bucket="files")
        yield client


def test_completed_twice(s3: S3Client) -> None:
    """A step that completes an object again, because it was killed behind it, changes nothing."""
    object_ = PartedObject(s3, "files", "a")
    upload_id = object_.begin()
    object_.send(upload_id, 1, b"x" * PART_BYTES)
    object_.complete(upload_id, 2, b"last")
    object_.complete(upload_id, 2, b"other")
    assert object_.content() == b"x" * PART_BYTES + b"last"


def test_nothing_left_for_the_last_part(s3: S3Client) -> None:
    """Without a rest, the parts that were sent are the object."""
    object_ = PartedObject(s3, "files", "a")
    upload_id = object_.begin()
    object_.send(upload_id, 1, b"whole")
    object_.complete(upload_id, 2, b"")
    assert object_.content() == b"whole"


def test_a_bucket_that_cannot_be_read(s3: S3Client) -> None:
    """An error other than a missing object is not taken for a missing object."""

    def refuse(**_: object) -> None:
        raise ClientError({"ResponseMetadata": {"HTTPStatusCode": 403}}, "HeadObject")  # type: ignore[typeddict-item]

    s3.meta.events.register_first("before-call.s3.HeadObject", refuse)
    with pytest.raises(ClientError):
        PartedObject(s3, "files", "a").complete("id", 1, b"x")
