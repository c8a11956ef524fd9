"""A table, a queue, a bucket, a secret and a log group of the same account that are not the stack's."""

from __future__ import annotations

from typing import NamedTuple

import boto3


class ForeignResources(NamedTuple):
    """How calls name the resources."""

    table: str
    queue_url: str
    bucket: str
    secret: str
    log_group: str


def created(session: boto3.Session) -> ForeignResources:
    """New resources."""
    name = "not-of-the-stack"
    session.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    session.client("s3").create_bucket(Bucket=name)
    session.client("logs").create_log_group(logGroupName=name)
    return ForeignResources(
        table=name,
        queue_url=session.client("sqs").create_queue(QueueName=name)["QueueUrl"],
        bucket=name,
        secret=session.client("secretsmanager").create_secret(Name=name, SecretString="-")["ARN"],
        log_group=name,
    )
