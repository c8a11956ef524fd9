"""The proof of the guardrail as the last step of a deployment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sqs as sqs
from aws_cdk import triggers
from constructs import Construct

from guardrail_proof.settings import Gateway, ProverSettings
from infra.bedrock import upstream
from infra.bedrock.api_key_secret import BedrockApiKeySecret
from infra.functions.gateway_function import GatewayFunction
from infra.settings.environment import Environment
from infra.settings.proof import Proof

# Longer than all probes may take. The trigger waits longer, and so does the CDK's function behind it (15 min).
_FUNCTION_TIMEOUT_S = 870
_TRIGGER_TIMEOUT_S = _FUNCTION_TIMEOUT_S + 15


class DeploymentProof(Construct):
    """Fails the deployment if the guardrail does not block as `settings` says. CloudFormation then rolls it back.

    The proof runs after everything in `after`, in each deployment that changes the code or settings of a function in
    `proves`. Such a change also changes the prover's version, so CloudFormation runs the prover again.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        settings: Proof,
        base_url: str,
        api_key_secret: BedrockApiKeySecret | None,
        clients: dynamodb.ITable,
        jobs: sqs.IQueue,
        records: dynamodb.ITable,
        proves: Sequence[GatewayFunction],
        after: Sequence[Construct],
    ) -> None:
        super().__init__(scope, id_)
        stack = cdk.Stack.of(self)
        guardrail = environment.enforced_guardrail
        gateway = Gateway(
            base_url=base_url,
            clients_table=clients.table_name,
            jobs_queue_url=jobs.queue_url,
            job_records_table=records.table_name,
            model=settings.model,
            canary=settings.canary,
            tagging=None if guardrail is None else guardrail.tagging,
            attack=settings.attack,
            converse_model=environment.proof_converse_model,
            bedrock_base_url=upstream.base_url(environment),
            secret_arn=None if api_key_secret is None else api_key_secret.arn,
        )
        prover = GatewayFunction(
            self,
            "Prover",
            environment=environment,
            name="prover",
            has_httpx_transport=True,
            module="guardrail_proof.prover",
            requirements="upstream",
            description="Proves after a deployment that the guardrail blocks",
            timeout_s=_FUNCTION_TIMEOUT_S,
            variables=ProverSettings(
                stack_id=stack.stack_id,
                gateway=gateway,
                proven=_hash([function.fingerprint for function in proves]),
            ).to_env(),
        )
        clients.grant(prover.role, "dynamodb:PutItem", "dynamodb:DeleteItem")
        if api_key_secret is not None:
            api_key_secret.grant_read(prover.role)
        jobs.grant(prover.role, "sqs:SendMessage")
        records.grant(prover.role, "dynamodb:GetItem")
        prover.role.add_to_policy(
            iam.PolicyStatement(actions=["cloudformation:DescribeStacks"], resources=[stack.stack_id])
        )
        triggers.Trigger(
            self,
            "Trigger",
            handler=prover.function,
            timeout=cdk.Duration.seconds(_TRIGGER_TIMEOUT_S),
            execute_after=[*after, prover.role],
        )
        self.log_group = prover.log_group


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
