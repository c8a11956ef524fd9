"""DynamoDB tables whose items must not be lost."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.removal import removal_policy
from infra.settings.environment import Data, Environment


def durable_table(
    scope: Construct,
    environment: Environment,
    *,
    partition_key: str,
    sort_key: str | None = None,
    expiry: str,
) -> dynamodb.Table:
    """A table with backups of each second. Its keys are texts; `expiry` is the attribute with an item's time to live.

    DynamoDB deletes an item up to some days after it expired.
    """
    return dynamodb.Table(
        scope,
        "Table",
        partition_key=_key(partition_key),
        sort_key=None if sort_key is None else _key(sort_key),
        billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
        time_to_live_attribute=expiry,
        point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=True
        ),
        deletion_protection=environment.data == Data.RETAINED,
        removal_policy=removal_policy(environment),
    )


def _key(name: str) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
