"""The function that tries new versions before callers reach them."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from guardrail_proof.settings import NewVersions
from infra import acknowledgements
from infra.functions.gateway_function import GatewayFunction
from infra.functions.live_alias import LiveAlias
from infra.guardrail.enforced_guardrail import EnforcedGuardrail
from infra.proof import tried
from infra.settings import memory_sizes
from infra.settings.environment import Environment

# Longer than all probes may take. CodeDeploy waits an hour:
# https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
_TIMEOUT_S = 870


class BeforeTraffic(GatewayFunction):
    """Invokes the versions that this deployment publishes of the chat function and the worker.

    Its role may invoke these functions' versions, and read the stack's status.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        environment: Environment,
        guardrail: EnforcedGuardrail | None,
        chat: LiveAlias,
        worker: LiveAlias,
    ) -> None:
        stack = cdk.Stack.of(scope)
        super().__init__(
            scope,
            id_,
            environment=environment,
            name="pre-traffic",
            module="guardrail_proof.before_traffic",
            requirements="upstream",
            description="Proves before a new version gets traffic that the guardrail blocks",
            timeout_s=_TIMEOUT_S,
            memory_mib=memory_sizes.PROOF_MIB,
            in_vpc=False,  # it calls Lambda and CodeDeploy, for which the VPC would need endpoints
            variables=NewVersions(
                stack_id=stack.stack_id,
                chat=chat.version.function_arn,
                worker=worker.version.function_arn,
                model=tried.model(environment),
                canary=None if guardrail is None else environment.proof.canary,
                tagging=None if guardrail is None else guardrail.settings.tagging,
                converse_model=tried.converse_model(environment),
            ).to_env(),
        )
        # A policy with the new version's ARN would change in each deployment, and IAM may apply it only after the hook.
        versions = [f"{alias.function.function_arn}:*" for alias in (chat, worker)]
        self.role.add_to_policy(iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=versions))
        self.role.add_to_policy(
            iam.PolicyStatement(actions=["cloudformation:DescribeStacks"], resources=[stack.stack_id])
        )
        for alias in (chat, worker):
            acknowledgements.versions(
                self.role, alias.function, "Each deployment publishes a version, and this function tries it."
            )
