"""A company's key and tags reach a stack that is deployed, and the gateway goes on working.

The emulator's CloudFormation takes reserved concurrency and the encryption of buckets, but does not apply them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from openai import OpenAI

from infra.application import build_app
from local.aws import deployment
from local.demonstration import job_lines
from local.machine.paths import ROOT, StateFolder
from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL

STACK = "bedrock-chat-gateway-local"
LINES = b'{"custom_id":"1"}\n'
RESERVED = {"authorizer": 21, "resources": 22, "worker": 23, "batch_steps": 24}


def _client(stack: LocalStack, service: str) -> Any:
    return cast(Any, stack.session().client(cast(Any, service)))


def _synthesised(stack: LocalStack, settings: str, folder: Path) -> StateFolder:
    """The stack of `local` with other rules. `settings` is its table `[account]`, which comes before `[monitoring]`."""
    before, _, after = (ROOT / "environments" / "local.toml").read_text().partition("[account]")
    (folder / "local.toml").write_text(f"{before}{settings}[monitoring]{after.partition('[monitoring]')[2]}")
    context = {
        **json.loads((ROOT / "cdk.json").read_text())["context"],
        "env": "local",
        "guardrail": f"{stack.guardrail_identifier}:{stack.guardrail_version}",
        "upstream_url": stack.upstream_url,
        "aws_endpoint_url": stack.aws_endpoint_url,
    }
    state = StateFolder(folder)
    shutil.move(build_app(context, folder=folder).synth().directory, state.cdk_out)
    return state


@pytest.fixture(scope="module")
def key(stack: LocalStack) -> str:
    """The ARN of a KMS key."""
    arn: str = _client(stack, "kms").create_key()["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture(scope="module", autouse=True)
def ruled(stack: LocalStack, key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The stack, changed in place to follow the rules, and changed back."""
    reserved = "".join(f"{name} = {number}\n" for name, number in RESERVED.items())
    settings = f"""[account]
manage_api_gateway_log_role = true
kms_key_arn = "{key}"

[account.tags]
cost-center = "4711"
Environment = "production"

[account.reserved_concurrency]
{reserved}
"""
    state = _synthesised(stack, settings, tmp_path_factory.mktemp("ruled"))
    deployment.deploy(state, endpoint_url=stack.aws_endpoint_url)
    yield
    deployment.deploy(stack.state, endpoint_url=stack.aws_endpoint_url)


@pytest.fixture(scope="module")
def resources(stack: LocalStack) -> dict[str, list[str]]:
    """The physical ids of the stack's resources, by type."""
    pages = _client(stack, "cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
    found: dict[str, list[str]] = {}
    for page in pages:
        for one in page["StackResourceSummaries"]:
            found.setdefault(one["ResourceType"], []).append(one["PhysicalResourceId"])
    return found


def test_tables_and_queues_have_the_key(stack: LocalStack, key: str, resources: dict[str, list[str]]) -> None:
    """Tables, queues and the secret that existed before have the key now."""
    tables = [
        _client(stack, "dynamodb").describe_table(TableName=name)["Table"]
        for name in resources["AWS::DynamoDB::Table"]
    ]
    assert [table["SSEDescription"]["KMSMasterKeyArn"] for table in tables] == [key] * 4
    for url in resources["AWS::SQS::Queue"]:
        attributes = _client(stack, "sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        assert attributes["Attributes"]["KmsMasterKeyId"] == key
    assert _client(stack, "secretsmanager").describe_secret(SecretId=stack.secret_arn)["KmsKeyId"] == key


def test_tags_are_on_the_functions(stack: LocalStack) -> None:
    """The company's tags are there, and replace the stack's own of the same name."""
    functions = _client(stack, "lambda")
    arn = functions.get_function_configuration(FunctionName=f"{STACK}-api")["FunctionArn"]
    tags = functions.list_tags(Resource=arn)["Tags"]
    assert (tags["cost-center"], tags["Environment"]) == ("4711", "production")
    assert "environment" not in tags


def test_the_gateway_goes_on(stack: LocalStack, client: OpenAI) -> None:
    """A chat, a file and a job pass through the encrypted tables, bucket and queues."""
    message = {"role": "user", "content": "Hi"}
    answer = client.chat.completions.create(model=MODEL, messages=[cast(Any, message)])
    assert answer.choices[0].message.content == "echo: Hi"
    file = client.files.create(file=("lines.jsonl", LINES), purpose="batch")
    assert client.files.content(file.id).read() == LINES
    client.files.delete(file.id)
    job_lines.send(stack.session(), stack.jobs_queue_url, [job_lines.job("ruled", "Hi")])
    (result,) = job_lines.receive(stack.session(), stack.results_queue_url, count=1, within_s=60)
    assert json.loads(result)["custom_id"] == "ruled"
