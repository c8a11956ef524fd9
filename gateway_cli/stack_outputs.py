"""The outputs of a deployed environment's stack: the URLs and names of its resources."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from client_keys.key import BEARER_HEADER
from gateway_cli import stack_name

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


class NotDeployedError(Exception):
    """The environment has no usable stack in the account and region in use."""


class NoBedrockApiKeyError(Exception):
    """The environment has no Bedrock API key, because its functions sign with their roles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOutputs:
    """The stack's outputs. `_of` shows the output of each field."""

    base_url: str
    rest_api_id: str
    stage_name: str
    secret_arn: str | None  # the secret of the Bedrock API key; None if the functions sign requests
    clients_table: str
    jobs_queue_url: str
    results_queue_url: str
    dead_letter_queue_url: str
    job_records_table: str
    large_results_bucket: str
    chat_log_group: str
    worker_log_group: str
    api_key_policy_arn: str | None = None  # for the IAM user behind the API key
    key_user: str | None = None  # the IAM user whose key is rotated; None without rotation
    key_rotation_log_group: str | None = None  # None without rotation
    resources_log_group: str | None = None  # None if an earlier version deployed the stack
    bedrock_base_url: str | None = None  # None if an earlier version deployed the stack
    enforced_guardrail: str | None = None  # IDENTIFIER:VERSION; None if no guardrail is enforced
    batch_steps_queue_url: str | None = None  # None if an earlier version deployed the stack
    batch_steps_log_group: str | None = None  # None if an earlier version deployed the stack
    access_log_group: str | None = None  # None if an earlier version deployed the stack
    authorizer_log_group: str | None = None  # None if an earlier version deployed the stack
    max_job_age_s: int | None = None  # None if an earlier version deployed the stack
    usage_table: str | None = None  # None if an earlier version deployed the stack
    resources_table: str | None = None  # None if an earlier version deployed the stack
    files_bucket: str | None = None  # None if an earlier version deployed the stack
    bedrock_regions: tuple[str, ...] = ()  # the regions of targets, besides the stack's own
    bedrock_role_arn: str | None = (
        None  # the role that calls Bedrock; None: the functions' own roles, or the API key
    )
    bedrock_role_external_id: str | None = None  # which that role's trust policy asks for
    proof_model: str | None = None  # None if an earlier version deployed the stack
    proof_converse_model: str | None = None  # None if the settings name no model of Bedrock's Converse
    proof_plan: str | None = (
        None  # what guardrail_proof.plan writes; None if the environment has no model names
    )
    client_auth: str = "keys"  # how callers show who they are: keys, iam or jwt
    tagging: str | None = None  # which text the guardrail checks; None if no guardrail is enforced
    key_header: str = BEARER_HEADER  # in which clients send their keys
    by_name: dict[str, str] = field(default_factory=dict)  # every output, by its name in the stack

    def bedrock_api_key_secret(self) -> str:
        """The secret that holds the Bedrock API key. Raises NoBedrockApiKeyError."""
        if self.secret_arn is None:
            raise NoBedrockApiKeyError(
                f"The environment {self.stage_name} has no Bedrock API key: its functions sign requests to Bedrock "
                "with their roles (upstream.auth is sigv4)."
            )
        return self.secret_arn


def read(session: boto3.Session, env: str, stack: str | None = None) -> StackOutputs:
    """The outputs of `stack`, or of the stack of `env`. Raises NotDeployedError and UnreadableSettingsError."""
    return of(describe(session, env, stack), env)


def describe(session: boto3.Session, env: str, stack: str | None = None) -> StackTypeDef:
    """CloudFormation's description of `stack`, or of the stack of `env`.

    Raises NotDeployedError if there is none, and UnreadableSettingsError.
    """
    name = stack or stack_name.of(env)
    try:
        return session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise NotDeployedError(
            f"There is no stack {name} in {session.region_name}{_elsewhere()}. Deploy it with `make deploy ENV={env}`, "
            "or choose another --region, --profile or --stack."
        ) from None


def of(stack: StackTypeDef, env: str) -> StackOutputs:
    """The outputs in a description of the stack of `env`. Raises NotDeployedError if one is missing."""
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
    try:
        return _of(outputs, env)
    except KeyError as missing:
        raise NotDeployedError(
            f"The stack {stack['StackName']} is {stack['StackStatus']} and has no output {missing}. "
            f"Deploy it again with `make deploy ENV={env}`."
        ) from None


def _elsewhere() -> str:
    """Names AWS_ENDPOINT_URL if it is set: it may still point to a local stack."""
    endpoint_url = os.environ.get("AWS_ENDPOINT_URL")
    return f" at {endpoint_url} (AWS_ENDPOINT_URL)" if endpoint_url else ""


def _of(outputs: dict[str, str], env: str) -> StackOutputs:
    return StackOutputs(
        base_url=outputs["BaseUrl"],
        rest_api_id=outputs["RestApiId"],
        stage_name=env,
        secret_arn=outputs.get("BedrockApiKeySecretArn"),
        api_key_policy_arn=outputs.get("BedrockApiKeyPolicyArn"),
        key_user=outputs.get("BedrockKeyUser"),
        key_rotation_log_group=outputs.get("KeyRotationLogGroupName"),
        clients_table=outputs["ClientsTableName"],
        jobs_queue_url=outputs["JobsQueueUrl"],
        results_queue_url=outputs["ResultsQueueUrl"],
        dead_letter_queue_url=outputs["DeadLetterQueueUrl"],
        job_records_table=outputs["JobRecordsTableName"],
        large_results_bucket=outputs["LargeResultsBucketName"],
        chat_log_group=outputs["ChatLogGroupName"],
        worker_log_group=outputs["WorkerLogGroupName"],
        resources_log_group=outputs.get("ResourcesLogGroupName"),
        usage_table=outputs.get("UsageTableName"),
        resources_table=outputs.get("ResourcesTableName"),
        files_bucket=outputs.get("FilesBucketName"),
        bedrock_base_url=outputs.get("BedrockBaseUrl"),
        enforced_guardrail=outputs.get("EnforcedGuardrail"),
        batch_steps_queue_url=outputs.get("BatchStepsQueueUrl"),
        batch_steps_log_group=outputs.get("BatchStepsLogGroupName"),
        access_log_group=outputs.get("AccessLogGroupName"),
        authorizer_log_group=outputs.get("AuthorizerLogGroupName"),
        max_job_age_s=int(outputs["MaxJobAgeSeconds"]) if "MaxJobAgeSeconds" in outputs else None,
        bedrock_regions=tuple(filter(None, outputs.get("BedrockRegions", "").split(","))),
        bedrock_role_arn=outputs.get("BedrockRoleArn"),
        bedrock_role_external_id=outputs.get("BedrockRoleExternalId"),
        proof_model=outputs.get("ProofModel"),
        proof_converse_model=outputs.get("ProofConverseModel"),
        proof_plan=outputs.get("ProofPlan"),
        client_auth=outputs.get("ClientAuth", "keys"),
        tagging=outputs.get("GuardrailTagging"),
        key_header=outputs.get("KeyHeader", BEARER_HEADER),
        by_name=dict(sorted(outputs.items())),
    )
