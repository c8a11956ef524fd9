"""The function for OpenAI's resources beside chat completions."""

from __future__ import annotations

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from chat_gateway.client_policies.settings import ClientsSettings
from infra import acknowledgements
from infra.api import cors
from infra.bedrock.upstream import models_settings
from infra.clients import signed_requests
from infra.functions.gateway_function import GatewayFunction
from infra.functions.live_alias import LiveAlias
from infra.settings import memory_sizes
from infra.settings.environment import Environment
from openai_resources.settings import StorageSettings
from resource_items import batch_state, file_item, upload_item

# Less than the 29 s of API Gateway, so that the log says what took so long.
_TIMEOUT_S = 28
_CHANGES = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
_OBJECT_ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")


class ResourcesFunction(GatewayFunction):
    """Lists models, and keeps clients' files, uploads and batches.

    Its role may read clients, read and change files, uploads and batches, and ask for the steps of batches. If the environment
    names no models, the role may list the account's.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        clients: dynamodb.ITable,
        resources: dynamodb.ITable,
        files: s3.Bucket,
        steps: sqs.IQueue,
    ) -> None:
        settings = models_settings(environment)
        storage = StorageSettings(
            resources_table=resources.table_name,
            files_bucket=files.bucket_name,
            steps_queue_url=steps.queue_url,
        )
        super().__init__(
            scope,
            id_,
            environment=environment,
            name="resources",
            module=signed_requests.handler(environment, "openai_resources"),
            requirements="resources",
            description="Lists models, keeps files and uploads, and makes batches",
            timeout_s=_TIMEOUT_S,
            memory_mib=memory_sizes.RESOURCES_MIB,
            variables={
                **settings.to_env(),
                **storage.to_env(),
                **ClientsSettings(clients.table_name).to_env(),
                **cors.variables(environment.api),
                **signed_requests.variables(environment),
            },
        )
        self.live = LiveAlias(self.function)
        clients.grant(self.role, "dynamodb:GetItem")
        if settings.account_region is not None:
            self._may_list_models()
        self._may_keep_files(resources, files)
        self._may_run_batches(files, steps)

    def _may_keep_files(self, resources: dynamodb.ITable, files: s3.Bucket) -> None:
        resources.grant(self.role, "dynamodb:GetItem", "dynamodb:Query", *_CHANGES)
        patterns = [f"{prefix}*" for prefix in (file_item.OBJECTS, upload_item.OBJECTS)]
        objects = [files.arn_for_objects(pattern) for pattern in patterns]
        self.role.add_to_policy(iam.PolicyStatement(actions=[*_OBJECT_ACTIONS], resources=objects))
        # An upload's file is written in parts of S3. The upload's own parts are whole objects.
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:ListMultipartUploadParts"],
                resources=[files.arn_for_objects(f"{file_item.OBJECTS}*")],
            )
        )
        for pattern in patterns:
            acknowledgements.objects(
                self.role, files, pattern, "The names of objects have the ids of clients and files."
            )
        # Without this, S3 answers 403 instead of 404 for an object that is gone:
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        self.role.add_to_policy(iam.PolicyStatement(actions=["s3:ListBucket"], resources=[files.bucket_arn]))

    def _may_run_batches(self, files: s3.Bucket, steps: sqs.IQueue) -> None:
        steps.grant(self.role, "sqs:SendMessage")
        pattern = batch_state.errors_key("*")
        self.role.add_to_policy(
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[files.arn_for_objects(pattern)])
        )
        acknowledgements.objects(self.role, files, pattern, "The names of objects have the ids of batches.")

    def _may_list_models(self) -> None:
        """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonbedrock.html"""
        self.role.add_to_policy(
            iam.PolicyStatement(
                actions=["bedrock:ListFoundationModels", "bedrock:ListInferenceProfiles"], resources=["*"]
            )
        )
        acknowledgements.acknowledge(
            self.role,
            "AwsSolutions-IAM5[Resource::*]",
            "AWS knows no resources for these two actions. They only list models.",
        )
