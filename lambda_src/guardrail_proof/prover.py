"""The proof as a step of a deployment: CloudFormation runs this function last, and fails if it fails.

https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.triggers-readme.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
import httpcore  # noqa: F401 - so that the package has httpx's own transport
from aws_lambda_powertools import Logger

from guardrail_proof import probes
from guardrail_proof.proof import prove
from guardrail_proof.settings import ProverSettings
from guardrail_proof.stack_status import is_rollback, stack_status
from watchdog_timer import watched

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class GuardrailNotProvenError(Exception):
    """The message names each failed probe. CloudFormation shows the message as the reason of the failure."""


class Prover:
    """Tries the guardrail, and writes a log line for each probe."""

    def __init__(self, logger: Logger, *, status: Callable[[boto3.Session, str], str] = stack_status) -> None:
        self._logger, self._status = logger, status

    def handle(self, event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG002 - Lambda's signature
        """Returns if the guardrail holds. Raises GuardrailNotProvenError if not."""
        session, settings = boto3.Session(), ProverSettings.from_env()
        # A rollback runs this step again. A failure would then leave the stack in UPDATE_ROLLBACK_FAILED:
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html
        if is_rollback(self._status(session, settings.stack_id)):
            self._logger.info("guardrail not tried: the stack is rolling back")
            return
        tried = list(prove(settings.gateway, session, signs_as_function=True))
        for probe in tried:
            fields = {"probe": probe.name, "wrong": probe.says, "not_shown": probe.not_shown}
            self._logger.info("guardrail probe", extra=fields)
        failure = probes.failure(tried)
        if failure is not None:
            raise GuardrailNotProvenError(failure)


handle = watched(Prover(Logger()).handle)
