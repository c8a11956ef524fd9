"""The table of job records: which worker has a job, and the job's answer."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra import acknowledgements
from infra.removal import removal_policy
from infra.settings.environment import Environment


class JobRecordsTable(Construct):
    """One item for each job. DynamoDB deletes items after their time to live, and bills by request."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment) -> None:
        super().__init__(scope, id_)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="job", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="expires_at",
            removal_policy=removal_policy(environment),
        )
        acknowledgements.acknowledge(
            self.table,
            "AwsSolutions-DDB3",
            "Records live some days, like their jobs. If a record is lost, the job is answered again.",
        )
