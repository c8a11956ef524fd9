"""The deployment that brings back what was deleted or changed outside of CloudFormation."""

from __future__ import annotations

# An unchanged template is no reason for CloudFormation to look at a resource:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/drift-aware-change-sets.html
RUNBOOK = "docs/operations.md#a-resource-was-deleted-or-changed-by-hand"


def command(env: str) -> str:
    """The command. It is not gradual, because an alarm that is on would stop it."""
    return f"make deploy ENV={env} GRADUAL=false CDK_ARGS=--revert-drift"


def advice(env: str) -> str:
    """What to do about a resource that is gone, in a sentence without its period."""
    return f"Do not delete the stack. Let CloudFormation make it again: {command(env)} ({RUNBOOK})"
