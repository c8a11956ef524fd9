"""The proof as a step of a deployment: a function that CloudFormation runs last, and that fails it.

https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.triggers-readme.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger

from guardrail_proof import probes
from guardrail_proof.proof import prove
from guardrail_proof.settings import ProverSettings
from watchdog_timer import watched

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_logger = Logger()


class GuardrailNotProvenError(Exception):
    """The message names each probe that went wrong; CloudFormation shows it as the deployment's failure."""


@watched
def handle(event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG001
    """Returns where the guardrail holds. Raises GuardrailNotProvenError."""
    session, settings = boto3.Session(), ProverSettings.from_env()
    # A rollback runs this step again as it was before; a failure then would leave the stack stuck half-way:
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html
    if "ROLLBACK" in _stack_status(session, settings.stack_id):
        _logger.info("guardrail not tried: the stack is rolling back")
        return
    tried = list(prove(settings.gateway, session))
    for probe in tried:
        _logger.info(
            "guardrail probe", extra={"probe": probe.name, "wrong": probe.says, "not_shown": probe.not_shown}
        )
    failure = probes.failure(tried)
    if failure is not None:
        raise GuardrailNotProvenError(failure)


def _stack_status(session: boto3.Session, stack_id: str) -> str:
    (stack,) = session.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"]
    return stack["StackStatus"]
