"""The table of the clients that may call the gateway."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from client_keys import item as client_item
from infra.removal import removal_policy
from infra.settings.environment import Data, Environment


class ClientsTable(Construct):
    """One item for each client key. The partition key is the client key's hash."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name=client_item.HASH, type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            # DynamoDB deletes an item up to some days after it expired. The authorizer checks the time itself.
            time_to_live_attribute=client_item.EXPIRY,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=environment.data == Data.RETAINED,
            removal_policy=removal_policy(environment),
        )
