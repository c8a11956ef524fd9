"""The CDK lines in the README of response-streaming make a stack that streams."""

from __future__ import annotations

import runpy
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import assertions

from tests import documents


@pytest.fixture
def template(tmp_path: Path) -> assertions.Template:
    """The template of a stack with those lines, which deploys a folder of the test."""
    lines, written = tmp_path / "lines.py", documents.code("response-streaming/README.md", "python")[-1]
    lines.write_text(written.replace('from_asset("build")', f'from_asset("{tmp_path}")'))
    stack = cdk.Stack()
    runpy.run_path(str(lines), {"stack": stack})
    return assertions.Template.from_stack(stack)


def test_the_readmes_lines_stream(template: assertions.Template) -> None:
    """The function runs `start`, and both the API and the URL invoke it with a response stream."""
    variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/response_streaming/start"}
    template.has_resource_properties("AWS::Lambda::Function", {"Environment": {"Variables": variables}})
    integration = {"ResponseTransferMode": "STREAM", "TimeoutInMillis": 900_000}
    template.has_resource_properties("AWS::ApiGateway::Method", {"Integration": integration})
    template.has_resource_properties("AWS::Lambda::Url", {"InvokeMode": "RESPONSE_STREAM"})
    (permission, *_) = template.find_resources("AWS::Lambda::Permission").values()
    assert permission["Properties"]["Action"] == "lambda:InvokeFunction"
