"""CodeDeploy runs this function before it moves callers to a new version, and moves none if the guardrail does not hold.

https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import boto3
from aws_lambda_powertools import Logger

from guardrail_proof import new_versions, probes
from guardrail_proof.probes import Probe
from guardrail_proof.settings import NewVersions
from guardrail_proof.stack_status import is_rollback, stack_status
from watchdog_timer import watched

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

Verdict = Literal["Succeeded", "Failed"]


def report(session: boto3.Session, event: dict[str, Any], verdict: Verdict) -> None:
    """Tells CodeDeploy the verdict. Raises botocore's errors."""
    session.client("codedeploy").put_lifecycle_event_hook_execution_status(
        deploymentId=event["DeploymentId"],
        lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
        status=verdict,
    )


class BeforeTraffic:
    """Tries the new versions, writes a log line for each probe, and reports whether the guardrail holds."""

    def __init__(
        self,
        logger: Logger,
        *,
        tried: Callable[[NewVersions, boto3.Session], Iterator[Probe]] = new_versions.tried,
        status: Callable[[boto3.Session, str], str] = stack_status,
        report: Callable[[boto3.Session, dict[str, Any], Verdict], None] = report,
    ) -> None:
        self._logger, self._tried, self._status, self._report = logger, tried, status, report

    def handle(self, event: dict[str, Any], context: LambdaContext) -> None:  # noqa: ARG002 - Lambda's signature
        """Reports Succeeded or Failed. Raises botocore's errors if CodeDeploy does not take the report."""
        session = boto3.Session()
        self._report(session, event, self._verdict(session))

    def _verdict(self, session: boto3.Session) -> Verdict:
        try:
            failure = self._failure(session)
        except Exception as fault:  # noqa: BLE001 - a version that could not be tried gets no traffic
            fields = {"fault_class": type(fault).__name__}
            self._logger.error("guardrail not tried", extra=fields)  # noqa: TRY400 - its message could hold anything
            return "Failed"
        if failure is None:
            return "Succeeded"
        self._logger.error("guardrail not proven", extra={"wrong": failure})
        return "Failed"

    def _failure(self, session: boto3.Session) -> str | None:
        """A sentence that names the failed probes, None if no probe failed."""
        versions = NewVersions.from_env()
        # Failed would leave the stack in UPDATE_ROLLBACK_FAILED: docs/adr/0012-a-rollback-is-not-proven.md
        if is_rollback(self._status(session, versions.stack_id)):
            self._logger.info("guardrail not tried: the stack is rolling back")
            return None
        found = []
        for probe in self._tried(versions, session):
            fields = {"probe": probe.name, "wrong": probe.says, "not_shown": probe.not_shown}
            self._logger.info("guardrail probe", extra=fields)
            found.append(probe)
        return probes.failure(found)


handle = watched(BeforeTraffic(Logger()).handle)
