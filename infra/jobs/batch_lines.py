"""What the worker needs for the lines of batches: variables and permissions."""

from __future__ import annotations

from typing import NamedTuple

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from chat_gateway.jobs.batch_lines.settings import BatchLinesSettings
from infra import acknowledgements
from resource_items import batch_state, file_item, ids

# A batch's input file and its index.
_READ = (f"{file_item.OBJECTS}*", batch_state.index_key("*"))


class BatchStores(NamedTuple):
    """The table with the state of batches, the bucket with their lines, and the queue of their next steps."""

    table: dynamodb.ITable
    files: s3.Bucket
    steps: sqs.IQueue

    def settings(self) -> BatchLinesSettings:
        """The worker's settings."""
        return BatchLinesSettings(self.table.table_name, self.files.bucket_name, self.steps.queue_url)

    def grant(self, role: iam.Role) -> None:
        """Lets the worker read lines, read and count in batches, and ask for steps.

        It may not use the items that list a client's files and batches: their keys begin with the client's id.
        """
        self.steps.grant(role, "sqs:SendMessage")
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["dynamodb:GetItem", "dynamodb:UpdateItem"],
                resources=[self.table.table_arn],
                # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
                conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{ids.BATCH}*"]}},
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"], resources=[self.files.arn_for_objects(path) for path in _READ]
            )
        )
        # Without this, S3 answers 403 instead of 404 for a file that was deleted:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        role.add_to_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.files.bucket_arn]))
        for path in _READ:
            acknowledgements.objects(
                role, self.files, path, "The names of objects have the ids of files and batches."
            )
