"""The table `Resources` and the bucket `Files`. Nothing is imported or connected before the first use."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from chat_gateway.core import foreign_text
from openai_resources.errors import StorageUnavailableError
from resource_items import table as resource_items

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.exceptions import ClientError
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from openai_resources.settings import StorageSettings
    from resource_items.table import Item


class Storage:
    """Where files, uploads and batches are stored. `now` is in epoch seconds."""

    def __init__(self, settings: StorageSettings, *, now: Callable[[], float] = time.time) -> None:
        self.table, self.bucket, self.now = settings.resources_table, settings.files_bucket, now
        self.steps_queue_url = settings.steps_queue_url

    @cached_property
    def dynamodb(self) -> DynamoDBClient:
        """DynamoDB's client."""
        import boto3  # takes 0.2 s, which a list of models need not wait for

        return boto3.client("dynamodb", config=_config())

    @cached_property
    def s3(self) -> S3Client:
        """S3's client."""
        import boto3
        from botocore.config import Config

        config = Config(
            signature_version="s3v4",  # else a presigned URL has the old signature
            s3={"addressing_style": _addressing()},
            # S3 checks parts of a multipart upload by checksums of its own:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        return boto3.client("s3", config=_config().merge(config))

    @cached_property
    def sqs(self) -> SQSClient:
        """SQS's client."""
        import boto3

        return boto3.client("sqs", config=_config())

    def item(self, key: Item) -> Item | None:
        """The item with this key, as it is now; None if there is none or its time is over."""
        found = self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True).get("Item")
        return None if found is None or resource_items.has_expired(found, self.now()) else dict(found)


@contextmanager
def aws_errors() -> Iterator[None]:
    """Turns exceptions of AWS's clients into StorageUnavailableError."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = foreign_text.name(error.response["Error"].get("Code"))
        raise StorageUnavailableError(f"{error.operation_name}: {code}") from error
    except BotoCoreError as error:
        raise StorageUnavailableError(type(error).__name__) from error


def is_condition_failed(cancelled: ClientError) -> bool:
    """Whether a transaction was cancelled because a condition was false. Otherwise AWS could not carry it out."""
    answer: Mapping[str, Any] = {**cancelled.response}
    reasons = answer.get("CancellationReasons", [])
    return any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons)


def _addressing() -> Literal["virtual", "path"]:
    """How URLs name the bucket. By default, presigned ones have S3's global host, which redirects to another host at first.

    The signature is not valid there: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
    An endpoint of one's own has no host for each bucket.
    """
    return "path" if os.environ.get("AWS_ENDPOINT_URL") else "virtual"


def _config() -> Config:
    from botocore.config import Config

    return Config(connect_timeout=2, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 3})
