"""Whether the environment's stack is there, whole, and deployed by this version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway_cli import stack_outputs
from gateway_cli.doctor import findings, repairs
from gateway_cli.doctor.findings import Result
from gateway_cli.stack_outputs import NotDeployedError, StackOutputs

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

NAME = "stack"
# Outputs that this version's stack has with any settings.
EXPECTED = (
    *("ResourcesLogGroupName", "BatchStepsLogGroupName", "AccessLogGroupName", "AuthorizerLogGroupName"),
    *("UsageTableName", "ResourcesTableName", "BatchStepsQueueUrl", "BedrockBaseUrl"),
)
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html (status codes)
_ROLLED_BACK = {"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}


def checked(stack: StackTypeDef, env: str) -> tuple[Result, StackOutputs | None]:
    """What is found, and the outputs; None if the stack is unusable."""
    try:
        outputs = stack_outputs.of(stack, env)
    except NotDeployedError as error:
        return unusable(error), None
    return _of_status(stack, env) or _of_version(outputs, env) or _of_drift(stack, env) or _fine(
        stack
    ), outputs


def unusable(error: NotDeployedError) -> Result:
    """The result for a stack that is not there, or lacks outputs."""
    says, _, advice = str(error).partition(". ")
    return findings.problem(says, advice)


def _fine(stack: StackTypeDef) -> Result:
    return findings.ok(f"{stack['StackName']} is {stack['StackStatus']}")


def _of_status(stack: StackTypeDef, env: str) -> Result | None:
    name, status = stack["StackName"], stack["StackStatus"]
    if status in _ROLLED_BACK:
        return findings.problem(
            f"{name} is {status}: the last deployment failed, and the version before it runs",
            f"See the stack's events in CloudFormation, and deploy again: make deploy ENV={env}",
        )
    if status.endswith("_IN_PROGRESS"):
        return findings.unchecked(
            f"{name} is {status}: other findings may change", "Wait for the deployment, and try again."
        )
    if status == "UPDATE_ROLLBACK_FAILED":
        return findings.problem(
            f"{name} is {status}: neither version is whole",
            "See the stack's events in CloudFormation, remove the cause (such as an alarm that fires), and continue: "
            f"aws cloudformation continue-update-rollback --stack-name {name}",
        )
    if status.endswith("_FAILED"):
        return findings.problem(f"{name} is {status}", "See the stack's events in CloudFormation.")
    return None


def _of_version(outputs: StackOutputs, env: str) -> Result | None:
    missing = [name for name in EXPECTED if name not in outputs.by_name]
    if not missing:
        return None
    return findings.problem(
        f"an earlier version deployed the stack: it has no output {', '.join(missing)}",
        f"Deploy this version (make deploy ENV={env}), or use the version that deployed it.",
    )


def _of_drift(stack: StackTypeDef, env: str) -> Result | None:
    if stack.get("DriftInformation", {}).get("StackDriftStatus") != "DRIFTED":
        return None
    return findings.problem(
        "resources of the stack were changed outside of CloudFormation (its last drift detection)",
        f"See the stack's drifts in CloudFormation. To undo them: {repairs.command(env)}",
    )
