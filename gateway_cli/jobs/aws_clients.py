"""AWS clients for several threads, with timeouts and retries for long polls and long files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.config import Config

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 60
_ATTEMPTS = 5


def sqs(session: boto3.Session, *, threads: int = 1) -> SQSClient:
    """An SQS client with a connection for each of `threads` threads."""
    return session.client("sqs", config=_config(threads))


def dynamodb(session: boto3.Session, *, threads: int = 1) -> DynamoDBClient:
    """A DynamoDB client with a connection for each of `threads` threads."""
    return session.client("dynamodb", config=_config(threads))


def s3(session: boto3.Session, *, threads: int) -> S3Client:
    """An S3 client with a connection for each of `threads` threads."""
    return session.client("s3", config=_config(threads))


def _config(threads: int) -> Config:
    return Config(
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=_READ_TIMEOUT_S,
        max_pool_connections=threads,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )
