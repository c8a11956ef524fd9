"""The stack of one environment."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from constructs import Construct

from client_keys.key import BEARER_HEADER
from infra.account import rules
from infra.api.chat_function import ChatFunction
from infra.api.resources_function import ResourcesFunction
from infra.api.rest_api import ChatApi
from infra.bedrock import upstream
from infra.bedrock.api_key_policy import BedrockApiKeyPolicy
from infra.bedrock.api_key_secret import BedrockApiKeySecret
from infra.bedrock.key_rotation import BedrockKeyRotation
from infra.clients.authorizer import ClientAuthorizer
from infra.clients.authorizer_function import AuthorizerFunction
from infra.clients.jwt_authorizer_function import JwtAuthorizerFunction
from infra.clients.table import ClientsTable
from infra.clients.usage_table import UsageTable
from infra.deployments import gradual_deployment
from infra.deployments.gradual_deployment import GradualDeployment
from infra.guardrail.enforced_guardrail import EnforcedGuardrail
from infra.jobs.batch_lines import BatchStores
from infra.jobs.batch_steps import BatchSteps
from infra.jobs.queues import JobQueues
from infra.jobs.records_table import JobRecordsTable
from infra.jobs.worker import JobWorker
from infra.monitoring import alarm_topic, quota_warnings
from infra.monitoring.dashboard import GatewayDashboard
from infra.monitoring.gateway_alarms import GatewayAlarms
from infra.monitoring.monitored import (
    AUTHORIZER,
    BATCH_STEPS,
    CHAT,
    KEY_ROTATION,
    RESOURCES,
    WORKER,
    LogGroups,
    Monitored,
    Queues,
)
from infra.monitoring.saved_queries import SavedQueries
from infra.network.function_network import FunctionNetwork
from infra.proof import tried
from infra.proof.deployment_proof import DeploymentProof
from infra.resources.files_bucket import FilesBucket
from infra.resources.table import ResourcesTable
from infra.settings.client_auth import ClientAuth
from infra.settings.environment import Environment


class GatewayStack(cdk.Stack):
    """All resources of one environment. Its outputs are the URLs and names that callers and operators need."""

    def __init__(self, scope: Construct, id_: str, *, environment: Environment, **properties: Any) -> None:
        super().__init__(scope, id_, **properties)
        for key, value in rules.tags(environment).items():
            cdk.Tags.of(self).add(key, value)
        self.network = self._network(environment)
        self.guardrail = self._guardrail(environment)
        self.api_key_secret = self._bedrock_api_key_secret(environment)
        self.key_rotation = self._key_rotation(environment)
        self.clients = ClientsTable(self, "Clients", environment=environment)
        self.usage = UsageTable(self, "Usage", environment=environment)
        self.resource_items = ResourcesTable(self, "Resources", environment=environment)
        self.files = FilesBucket(self, "Files", readable_by_pages=bool(environment.api.cors_origins))
        self.chat = ChatFunction(
            self,
            "ChatFunction",
            environment=environment,
            api_key_secret=self.api_key_secret,
            guardrail=self.guardrail,
            clients=self.clients.table,
            usage=self.usage.table,
        )
        self.queues = JobQueues(self, "JobQueues", environment=environment)
        self.job_records = JobRecordsTable(self, "JobRecords", environment=environment)
        self.batch_steps = BatchSteps(
            self,
            "BatchSteps",
            environment=environment,
            queues=self.queues,
            records=self.job_records,
            clients=self.clients.table,
            resources=self.resource_items.table,
            files=self.files.bucket,
        )
        self.resources = ResourcesFunction(
            self,
            "ResourcesFunction",
            environment=environment,
            clients=self.clients.table,
            resources=self.resource_items.table,
            files=self.files.bucket,
            steps=self.batch_steps.queue,
        )
        authorizer = self._authorizer(environment)
        self.api = ChatApi(
            self,
            "ChatApi",
            environment=environment,
            chat=self.chat.live,
            resources=self.resources.live,
            authorizer=authorizer,
        )
        self.worker = JobWorker(
            self,
            "JobWorker",
            environment=environment,
            api_key_secret=self.api_key_secret,
            guardrail=self.guardrail,
            queues=self.queues,
            records=self.job_records,
            clients=self.clients.table,
            usage=self.usage.table,
            batches=BatchStores(self.resource_items.table, self.files.bucket, steps=self.batch_steps.queue),
        )
        self.alarms = self._monitor(environment)
        self._deploy_gradually(environment, authorizer)
        self._prove(environment)
        self._add_outputs(environment)
        rules.apply(self, environment)

    def _network(self, environment: Environment) -> FunctionNetwork | None:
        """The functions' VPC; None if they run outside. The functions find it in the stack, so it comes first."""
        if environment.network is None:
            return None
        return FunctionNetwork(self, environment=environment, network=environment.network)

    def _bedrock_api_key_secret(self, environment: Environment) -> BedrockApiKeySecret | None:
        """Creates the key's secret and the policy for the key's user. Returns None if the functions' roles sign."""
        if environment.upstream.signs:
            return None
        user_policy = BedrockApiKeyPolicy(
            self, "BedrockApiKeyPolicy", environment=environment, guardrail=self.guardrail
        )
        cdk.CfnOutput(self, "BedrockApiKeyPolicyArn", value=user_policy.policy.managed_policy_arn)
        return BedrockApiKeySecret(self, "BedrockApiKey", environment=environment)

    def _key_rotation(self, environment: Environment) -> BedrockKeyRotation | None:
        """The rotation of the API key; None if the environment has none."""
        rotation = environment.upstream.key_rotation
        if rotation is None or self.api_key_secret is None:
            return None
        return BedrockKeyRotation(
            self,
            "BedrockKeyRotation",
            environment=environment,
            rotation=rotation,
            secret=self.api_key_secret,
            guardrail=self.guardrail,
        )

    def _authorizer(self, environment: Environment) -> ClientAuthorizer | None:
        """The authorizer, below the table of clients that it reads; None if callers sign their requests."""
        if environment.client_auth is ClientAuth.IAM:
            return None
        function: AuthorizerFunction | JwtAuthorizerFunction
        clients = self.clients.table
        if environment.jwt is not None:
            function = JwtAuthorizerFunction(
                self.clients, "Authorizer", environment=environment, jwt=environment.jwt, clients=clients
            )
        else:
            function = AuthorizerFunction(
                self.clients, "Authorizer", environment=environment, clients=clients
            )
        cdk.CfnOutput(self, "AuthorizerLogGroupName", value=function.log_group.log_group_name)
        return ClientAuthorizer(self.clients, "TokenAuthorizer", environment=environment, function=function)

    def _guardrail(self, environment: Environment) -> EnforcedGuardrail | None:
        if environment.enforced_guardrail is not None:
            return EnforcedGuardrail(self, "Guardrail", settings=environment.enforced_guardrail)
        cdk.Annotations.of(self).add_warning_v2(
            "bedrock-chat-gateway:no-guardrail",
            f"Environment {environment.name!r} enforces no guardrail: callers choose their own, or none.",
        )
        return None

    def _deploy_gradually(self, environment: Environment, authorizer: ClientAuthorizer | None) -> None:
        """Lets CodeDeploy move what answers callers and calls Bedrock. The steps of batches are moved at once."""
        if not (
            environment.deployment.gradual and environment.platform.has(gradual_deployment.RESOURCE_TYPE)
        ):
            return
        gradual = GradualDeployment(
            self,
            "GradualDeployment",
            environment=environment,
            guardrail=self.guardrail,
            chat=self.chat.live,
            worker=self.worker.live,
            others={
                **({} if authorizer is None else {"Authorizer": authorizer.live}),
                "Resources": self.resources.live,
            },
            alarms=[] if self.alarms is None else self.alarms.stopping,
        )
        log_group = gradual.log_group.log_group_name
        cdk.CfnOutput(self, "BeforeTrafficLogGroupName", value=log_group)

    def _prove(self, environment: Environment) -> None:
        """Adds the proof as the last step of a deployment, if the environment has `proof.on_deploy`."""
        if not environment.proof.on_deploy:
            return
        DeploymentProof(
            self,
            "DeploymentProof",
            environment=environment,
            base_url=self.api.base_url,
            chat_arn=self.api.chat_arn(environment),
            api_key_secret=self.api_key_secret,
            guardrail=self.guardrail,
            clients=self.clients.table,
            jobs=self.queues.jobs,
            records=self.job_records.table,
            proves=[self.chat.gateway_function, self.worker.gateway_function],
            after=[
                *(one for one in (self.network, self.api_key_secret) if one is not None),
                *(self.clients, self.usage, self.resource_items, self.chat, self.resources, self.api),
                *(self.queues, self.job_records, self.batch_steps, self.worker),
            ],
        )

    def _monitor(self, environment: Environment) -> GatewayAlarms | None:
        """Adds the saved queries, and the dashboard and the alarms if the environment has them. Returns the alarms."""
        quota_warnings.add(self, environment)
        monitored = self._monitored(environment)
        SavedQueries(self, "SavedQueries", monitored=monitored)
        if environment.monitoring.dashboard:
            GatewayDashboard(self, "Dashboard", monitored=monitored)
        if not environment.monitoring.alarms:
            alarm_topic.warn_if_unused(self, environment)
            return None
        alarms = GatewayAlarms(self, "Alarms", monitored=monitored)
        cdk.CfnOutput(self, "AlarmTopicArn", value=alarms.topic.arn)
        return alarms

    def _monitored(self, environment: Environment) -> Monitored:
        return Monitored(
            environment=environment,
            stack_name=self.stack_name,
            functions=(
                CHAT,
                *(() if environment.client_auth is ClientAuth.IAM else (AUTHORIZER,)),
                *(RESOURCES, WORKER, BATCH_STEPS),
            ),
            rarely_invoked=() if self.key_rotation is None else (KEY_ROTATION,),
            queues=Queues(
                jobs=self.queues.jobs,
                results=self.queues.results,
                dead_letters=self.queues.dead_letters,
                steps=self.batch_steps.queue,
                step_dead_letters=self.batch_steps.dead_letters,
            ),
            log_groups=LogGroups(
                access=self.api.access_log,
                chat=self.chat.log_group,
                resources=self.resources.log_group,
                worker=self.worker.log_group,
                batch_steps=self.batch_steps.log_group,
            ),
        )

    def _add_outputs(self, environment: Environment) -> None:
        outputs = {
            "BaseUrl": self.api.base_url,
            "RestApiId": self.api.api.rest_api_id,
            "ClientsTableName": self.clients.table.table_name,
            "UsageTableName": self.usage.table.table_name,
            "ResourcesTableName": self.resource_items.table.table_name,
            "FilesBucketName": self.files.bucket.bucket_name,
            "JobsQueueUrl": self.queues.jobs.queue_url,
            "ResultsQueueUrl": self.queues.results.queue_url,
            "DeadLetterQueueUrl": self.queues.dead_letters.queue_url,
            "JobRecordsTableName": self.job_records.table.table_name,
            "LargeResultsBucketName": self.queues.large_results.bucket_name,
            "ChatLogGroupName": self.chat.log_group.log_group_name,
            "ResourcesLogGroupName": self.resources.log_group.log_group_name,
            "WorkerLogGroupName": self.worker.log_group.log_group_name,
            "BatchStepsLogGroupName": self.batch_steps.log_group.log_group_name,
            "BatchStepsQueueUrl": self.batch_steps.queue.queue_url,
            "MaxJobAgeSeconds": str(environment.monitoring.max_job_age_s),
            "BedrockBaseUrl": upstream.base_url(environment),
            "AccessLogGroupName": self.api.access_log.log_group_name,
        }
        if environment.client_auth is not ClientAuth.KEYS:
            outputs["ClientAuth"] = environment.client_auth
        if self.api.domain is not None:
            outputs["DomainTarget"] = self.api.domain.target
        if self.api_key_secret is not None:
            outputs["BedrockApiKeySecretArn"] = self.api_key_secret.arn
        if environment.api.key_header != BEARER_HEADER:
            outputs["KeyHeader"] = environment.api.key_header
        if self.key_rotation is not None:
            outputs["BedrockKeyUser"] = self.key_rotation.user_name
            outputs["KeyRotationLogGroupName"] = self.key_rotation.log_group.log_group_name
        if self.guardrail is not None:
            outputs["GuardrailTagging"] = self.guardrail.settings.tagging
            outputs["EnforcedGuardrail"] = f"{self.guardrail.identifier}:{self.guardrail.version}"
        more = {**_of_names(environment), **_of_role(environment), **_of_proof(environment)}
        for name, value in {**outputs, **more}.items():
            cdk.CfnOutput(self, name, value=value)


def _of_names(environment: Environment) -> dict[str, str]:
    """The output of an environment with targets in other regions; empty without."""
    regions = environment.other_regions
    return {"BedrockRegions": ",".join(regions)} if regions else {}


def _of_role(environment: Environment) -> dict[str, str]:
    """The outputs of an environment that assumes a role to call Bedrock; empty without."""
    upstream = environment.upstream
    outputs = {"BedrockRoleArn": upstream.role_arn, "BedrockRoleExternalId": upstream.role_external_id}
    return {name: value for name, value in outputs.items() if value is not None}


def _of_proof(environment: Environment) -> dict[str, str]:
    """The outputs that tell the proof what to try."""
    plan = tried.plan(environment)
    outputs = {
        "ProofModel": tried.model(environment),
        "ProofConverseModel": tried.converse_model(environment),
        "ProofPlan": None if plan is None else plan.to_text(),
    }
    return {name: value for name, value in outputs.items() if value}
