"""Whether the stack is rolling back, as CloudFormation says."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import Mock

import boto3
import pytest
from botocore.stub import Stubber

from guardrail_proof.stack_status import is_rollback, stack_status

STACK_ID = "arn:aws:cloudformation:us-east-1:000000000000:stack/gateway-prod/1"


def test_status_of_one_stack() -> None:
    """The status is that of the stack with this id."""
    cloudformation = boto3.client(
        "cloudformation",
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    stack = {
        "StackName": "gateway-prod",
        "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        "StackStatus": "UPDATE_IN_PROGRESS",
    }
    with Stubber(cloudformation) as stub:
        stub.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": STACK_ID})
        assert stack_status(Mock(client=lambda _: cloudformation), STACK_ID) == "UPDATE_IN_PROGRESS"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("UPDATE_ROLLBACK_IN_PROGRESS", True),
        ("ROLLBACK_IN_PROGRESS", True),
        ("UPDATE_IN_PROGRESS", False),
        ("CREATE_IN_PROGRESS", False),
    ],
)
def test_rollbacks(status: str, expected: bool) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html lists the statuses."""
    assert is_rollback(status) is expected
