"""cdk-nag's packs AwsSolutions and Serverless have no finding, and still check the stacks."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sqs as sqs
from cdk_nag import AwsSolutionsChecks

from tests.infra.conftest import Synthesised


def test_no_finding_is_left_unexplained(stack: Synthesised) -> None:
    assert stack.template["Resources"]  # synthesis would have failed


def test_the_check_itself_finds_an_open_queue() -> None:
    app = cdk.App()
    sqs.Queue(cdk.Stack(app, "Stack"), "Queue")
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match="AwsSolutions-SQS4"):
        app.synth()
