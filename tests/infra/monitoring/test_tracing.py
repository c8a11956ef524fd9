"""Traces, and cdk-nag's checks of serverless stacks."""

from __future__ import annotations

import aws_cdk as cdk
import pytest
from aws_cdk import aws_lambda as lambda_
from cdk_nag import ServerlessChecks

from tests import documents
from tests.infra.conftest import Synthesised, changed, stack_of, synthesised
from tests.infra.monitoring.stacks import traced


def test_everything_is_traced() -> None:
    """With the setting, the API's stage and each function send traces."""
    assert traced().one("AWS::ApiGateway::Stage")["TracingEnabled"] is True
    for function in traced().resources("AWS::Lambda::Function").values():
        assert function["TracingConfig"] == {"Mode": "Active"}


def test_each_role_may_send_traces() -> None:
    """Each function's role may send traces, and gets no other permission for it."""
    statements = [
        statement
        for policy in traced().resources("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    allowed = [[action for action in one["Action"] if action.startswith("xray:")] for one in statements]
    sending = [sorted(actions) for actions in allowed if actions]
    assert sending == [["xray:PutTelemetryRecords", "xray:PutTraceSegments"]] * 5


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
    with pytest.raises(RuntimeError, match="Serverless-LambdaTracing"):
        app.synth()


@pytest.mark.parametrize("tracing", [True, False])
def test_no_finding_is_left(tracing: bool, capfd: pytest.CaptureFixture[str]) -> None:
    """With traces and without, no finding is left, not even one that is only a warning."""
    stack_of(changed("prod", monitoring={"tracing": tracing}))
    printed = "".join(capfd.readouterr())
    assert "(Serverless)" not in printed
    assert "(AwsSolutions)" not in printed


def test_both_packs_run() -> None:
    """The app checks its stacks with both packs."""
    source = documents.text("infra/application.py")
    assert "AwsSolutionsChecks(app), ServerlessChecks(app)" in source
    assert synthesised("prod").template["Resources"]
