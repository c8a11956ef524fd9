"""The table of files, uploads and batches."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.removal import removal_policy
from infra.settings.environment import Data, Environment
from resource_items import table as resource_items


class ResourcesTable(Construct):
    """One item for each file, upload, part and batch, and the state of each batch."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=resource_items.OWNER, type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name=resource_items.ID, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute=resource_items.EXPIRY,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=environment.data == Data.RETAINED,
            removal_policy=removal_policy(environment),
        )
