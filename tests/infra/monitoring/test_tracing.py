"""Traces, and cdk-nag's checks of serverless stacks."""

from __future__ import annotations

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_
from cdk_nag import ServerlessChecks

from tests import documents
from tests.infra.conftest import Synthesised, synthesised
from tests.infra.monitoring.stacks import traced


def test_everything_is_traced() -> None:
    """With the setting, the API's stage and each function send traces."""
    assert traced().one("AWS::ApiGateway::Stage")["TracingEnabled"] is True
    for function in traced().resources("AWS::Lambda::Function").values():
        assert function["TracingConfig"] == {"Mode": "Active"}


def test_each_role_may_send_traces() -> None:
    """Each function's role may send traces, and gets no other permission for it."""
    policies = traced().resources("AWS::IAM::Policy").values()
    sending = [
        statement["Action"]
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if "xray" in str(statement["Action"])
    ]
    assert sending == [["xray:PutTraceSegments", "xray:PutTelemetryRecords"]] * 5


def test_nothing_is_traced_by_default(stack: Synthesised) -> None:
    """Without the setting, no template says anything about traces."""
    assert "TracingConfig" not in str(stack.template)
    assert "TracingEnabled" not in str(stack.template)


def test_no_traces_is_one_reason() -> None:
    """The finding that traces are off is acknowledged with one reason, in one place."""
    source = documents.text("infra/acknowledgements.py")
    assert source.count("_UNTRACED") == 2
    assert "Serverless-LambdaTracing" in source


def test_our_loop_exports_the_trace() -> None:
    """Our own loop of the Runtime API gives Lambda's trace header to the function, as Lambda's loop does."""
    assert "_X_AMZN_TRACE_ID" in documents.text("response-streaming/src/response_streaming/loop.py")


def test_the_check_itself_finds_an_untraced_function() -> None:
    """ServerlessChecks runs, and refuses a function without dead letters."""
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    code = lambda_.Code.from_inline("def handle(event, context): ...")
    lambda_.Function(
        stack, "Function", runtime=lambda_.Runtime.PYTHON_3_13, handler="index.handle", code=code
    )
    cdk.Validations.of(app).add_plugins(ServerlessChecks(app))
    with pytest.raises(RuntimeError, match="Validation failed"):
        app.synth()
    report = json.loads((Path(app.outdir) / "validation-report.json").read_text())
    assert "Serverless-LambdaTracing" in json.dumps(report)


def test_both_packs_run() -> None:
    """The app checks its stacks with both packs."""
    source = documents.text("infra/application.py")
    assert "AwsSolutionsChecks(app), ServerlessChecks(app)" in source
    assert synthesised("prod").template["Resources"]
