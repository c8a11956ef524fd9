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
from infra.guardrail.enforced_guardrail import EnforcedGuardrail
from infra.network import services
from infra.proof import tried
from infra.settings import memory_sizes
from infra.settings.client_auth import ClientAuth
from infra.settings.environment import Environment
from infra.settings.problems import InvalidEnvironmentError

# Longer than all probes may take. The trigger waits longer, and so does the CDK's function behind it (15 min).
_FUNCTION_TIMEOUT_S = 870
_TRIGGER_TIMEOUT_S = _FUNCTION_TIMEOUT_S + 15
# A function's environment variables may have 4 KB. The others need 1.3 KB:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_SETTINGS_BYTES = 2700


class DeploymentProof(Construct):
    """Fails the deployment if the guardrail does not block as the environment says. CloudFormation then rolls it back.

    The proof runs after everything in `after`, in each deployment that changes the code or settings of a function in
    `proves`. Such a change also changes the prover's version, so CloudFormation runs the prover again.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        base_url: str,
        chat_arn: str,
        api_key_secret: BedrockApiKeySecret | None,
        guardrail: EnforcedGuardrail | None,
        clients: dynamodb.ITable,
        jobs: sqs.IQueue,
        records: dynamodb.ITable,
        proves: Sequence[GatewayFunction],
        after: Sequence[Construct],
    ) -> None:
        super().__init__(scope, id_)
        stack = cdk.Stack.of(self)
        signs = environment.client_auth is ClientAuth.IAM
        gateway = Gateway(
            base_url=base_url,
            clients_table=clients.table_name,
            jobs_queue_url=jobs.queue_url,
            job_records_table=records.table_name,
            model=tried.model(environment),
            canary=environment.proof.canary,
            tagging=None if guardrail is None else guardrail.settings.tagging,
            attack=environment.proof.attack,
            converse_model=tried.converse_model(environment),
            bedrock_base_url=upstream.base_url(environment),
            secret_arn=None if api_key_secret is None else api_key_secret.arn,
            plan=tried.plan(environment),
            key_header=environment.api.key_header,
            client_auth=environment.client_auth if signs else None,
            role_arn=environment.upstream.role_arn,
            role_external_id=environment.upstream.role_external_id,
        )
        _check_size(gateway)
        prover = GatewayFunction(
            self,
            "Prover",
            environment=environment,
            name="prover",
            module="guardrail_proof.prover",
            requirements="upstream",
            description="Proves after a deployment that the guardrail blocks",
            timeout_s=_FUNCTION_TIMEOUT_S,
            memory_mib=memory_sizes.PROOF_MIB,
            in_vpc=services.proves_in_vpc(environment),
            variables=ProverSettings(
                stack_id=stack.stack_id,
                gateway=gateway,
                proven=_hash([function.fingerprint for function in proves]),
            ).to_env(),
        )
        clients.grant(prover.role, "dynamodb:PutItem", "dynamodb:DeleteItem")
        if api_key_secret is not None or environment.other_regions or environment.upstream.role_arn:
            upstream.grant_upstream(prover.role, environment, api_key_secret, guardrail, streams=False)
        jobs.grant(prover.role, "sqs:SendMessage")
        records.grant(prover.role, "dynamodb:GetItem")
        prover.role.add_to_policy(
            iam.PolicyStatement(actions=["cloudformation:DescribeStacks"], resources=[stack.stack_id])
        )
        if signs:
            _may_call(prover, chat_arn)
        triggers.Trigger(
            self,
            "Trigger",
            handler=prover.function,
            timeout=cdk.Duration.seconds(_TRIGGER_TIMEOUT_S),
            execute_after=[*after, prover.role],
        )
        self.log_group = prover.log_group


def _may_call(prover: GatewayFunction, chat_arn: str) -> None:
    """Lets the prover sign chat completions.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples-for-api-execution.html
    """
    prover.role.add_to_policy(iam.PolicyStatement(actions=["execute-api:Invoke"], resources=[chat_arn]))


def _check_size(gateway: Gateway) -> None:
    """Raises InvalidEnvironmentError if the plan and the proof's settings are too long for the prover's variables."""
    if gateway.plan is None:
        return
    texts = (gateway.plan.to_text(), gateway.model, gateway.converse_model, gateway.canary, gateway.attack)
    size = sum(len(text.encode()) for text in texts if text is not None)
    if size > _MAX_SETTINGS_BYTES:
        raise InvalidEnvironmentError(
            f"The names of [[models]] and the settings of [proof] take {size} bytes of the prover's variables; at most "
            f"{_MAX_SETTINGS_BYTES} are allowed. Set a shorter proof.attack, or proof.on_deploy = false."
        )


def _hash(parts: Sequence[str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
