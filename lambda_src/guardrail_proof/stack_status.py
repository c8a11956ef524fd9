"""The status of the stack whose deployment runs the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import boto3


def stack_status(session: boto3.Session, stack_id: str) -> str:
    """The stack's CloudFormation status."""
    (stack,) = session.client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"]
    return stack["StackStatus"]


def is_rollback(status: str) -> bool:
    """Whether the stack is rolling back."""
    return "ROLLBACK" in status
