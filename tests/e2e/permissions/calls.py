"""Calls of AWS, most of which are forbidden to each function. Those that are allowed change little.

A call's label is its operation and what it is about, such as `GetItem clients`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

from client_keys import item as client_item
from gateway_cli import stack_outputs
from local.aws.deployment import ENVIRONMENT_NAME
from local.stack.local_stack import LocalStack
from resource_items import batch_state, ids
from tests.e2e.deployed_functions import API, STEPS, WORKER, variable
from tests.e2e.permissions.foreign_resources import ForeignResources

Call = Callable[[boto3.Session], object]

ABSENT = "of-no-client-or-job"
PREFIXES = ("files", "parts", "batches", "held", "results", "other")
REFUSED = {"AccessDenied", "AccessDeniedException"}


def is_refused(call: Call, session: boto3.Session) -> bool:
    """Whether the permission is missing. What AWS refuses for another reason is allowed.

    Raises ClientError if the credentials are refused.
    """
    try:
        call(session)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if "Token" in code or "Signature" in code:
            raise
        return code in REFUSED
    return False


def on_everything(stack: LocalStack, foreign: ForeignResources) -> dict[str, Call]:
    """The calls by their labels: on each table, queue and bucket, and on the rest of the account."""
    outputs = stack_outputs.read(stack.session(), ENVIRONMENT_NAME)
    steps = variable(stack, "BATCH_STEPS_QUEUE_URL", STEPS)
    tables = {
        "clients": outputs.clients_table,
        "usage": outputs.usage_table,
        "records": outputs.job_records_table,
        "resources": outputs.resources_table,
        "foreign": foreign.table,
    }
    queues = {
        "jobs": outputs.jobs_queue_url,
        "results": outputs.results_queue_url,
        "dead letters": outputs.dead_letter_queue_url,
        "steps": steps,
        "foreign": foreign.queue_url,
    }
    buckets = {
        "files": outputs.files_bucket,
        "large results": outputs.large_results_bucket,
        "foreign": foreign.bucket,
    }
    calls = [
        *(call for name, table in tables.items() for call in _on_table(stack, name, str(table))),
        *(call for name, url in queues.items() for call in _on_queue(name, url)),
        *(call for name, bucket in buckets.items() for call in _on_bucket(name, str(bucket))),
        *_on_secrets({"Bedrock's key": stack.secret_arn, "foreign": foreign.secret}),
        *_on_conditions(outputs.clients_table, str(outputs.resources_table)),
        *_on_the_rest(stack, foreign),
    ]
    by_label = dict(calls)
    assert len(by_label) == len(calls)
    return by_label


def _on_table(stack: LocalStack, name: str, table: str) -> Iterator[tuple[str, Call]]:
    schema = stack.session().client("dynamodb").describe_table(TableName=table)["Table"]["KeySchema"]
    key: Any = {part["AttributeName"]: {"S": ABSENT} for part in schema}
    partition_key = next(iter(key))
    # The condition holds for no item, so nothing is written.
    exists = {"TableName": table, "ConditionExpression": f"attribute_exists({partition_key})"}
    operations: dict[str, dict[str, Any]] = {
        "GetItem": {"TableName": table, "Key": key},
        "BatchGetItem": {"RequestItems": {table: {"Keys": [key]}}},
        "Scan": {"TableName": table},
        "Query": {
            "TableName": table,
            "KeyConditionExpression": f"{partition_key} = :k",
            "ExpressionAttributeValues": {":k": {"S": ABSENT}},
        },
        "PutItem": {**exists, "Item": key},
        "UpdateItem": {
            **exists,
            "Key": key,
            "UpdateExpression": "SET changed = :c",
            "ExpressionAttributeValues": {":c": {"S": "-"}},
        },
        "DeleteItem": {**exists, "Key": key},
        "DescribeTable": {"TableName": table},
    }
    for operation, request in operations.items():
        yield f"{operation} {name}", _call("dynamodb", operation, request)


def _on_queue(name: str, url: str) -> Iterator[tuple[str, Call]]:
    operations: dict[str, dict[str, Any]] = {
        "SendMessage": {"MessageBody": "{}"},
        "ReceiveMessage": {},
        "DeleteMessage": {"ReceiptHandle": "-"},
        "ChangeMessageVisibility": {"ReceiptHandle": "-", "VisibilityTimeout": 0},
        "PurgeQueue": {},
        "SetQueueAttributes": {"Attributes": {"DelaySeconds": "0"}},
    }
    for operation, request in operations.items():
        yield f"{operation} {name}", _call("sqs", operation, {"QueueUrl": url, **request})


def _on_bucket(name: str, bucket: str) -> Iterator[tuple[str, Call]]:
    for prefix in PREFIXES:
        request = {"Bucket": bucket, "Key": f"{prefix}/{ABSENT}"}
        for operation in ("PutObject", "GetObject", "DeleteObject"):
            yield f"{operation} {name}: {prefix}", _call("s3", operation, request)
    for operation in ("ListObjectsV2", "GetBucketPolicy", "DeleteBucket"):
        yield f"{operation} {name}", _call("s3", operation, {"Bucket": bucket})


def _on_secrets(secrets: dict[str, str]) -> Iterator[tuple[str, Call]]:
    for name, arn in secrets.items():
        request = {"SecretId": arn}
        yield f"GetSecretValue {name}", _call("secretsmanager", "GetSecretValue", request)
        yield (
            f"PutSecretValue {name}",
            _call("secretsmanager", "PutSecretValue", {**request, "SecretString": "-"}),
        )


def _on_conditions(clients: str, resources: str) -> Iterator[tuple[str, Call]]:
    """What a condition of a policy allows or not."""
    note: dict[str, Any] = {
        "TableName": clients,
        "Key": {client_item.HASH: {"S": ABSENT}},
        "ConditionExpression": f"attribute_exists({client_item.HASH})",
        "UpdateExpression": f"SET {client_item.LAST_USED} = :c",
        "ExpressionAttributeValues": {":c": {"S": "-"}},
    }
    yield "UpdateItem clients: only the last use", _call("dynamodb", "UpdateItem", note)
    read_back = {**note, "ReturnValues": "ALL_NEW"}
    yield "UpdateItem clients: the last use, and read the item", _call("dynamodb", "UpdateItem", read_back)
    batch = {"TableName": resources, "Key": batch_state.key(f"{ids.BATCH}{ABSENT}")}
    yield "GetItem resources: of a batch", _call("dynamodb", "GetItem", batch)


def _on_the_rest(stack: LocalStack, foreign: ForeignResources) -> Iterator[tuple[str, Call]]:
    name = API.removesuffix("-api")
    (described,) = stack.session().client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    dry = {"InvocationType": "DryRun"}
    guardrail = {"guardrailIdentifier": stack.guardrail_identifier}
    content = [{"text": {"text": "-"}}]
    applied = {"guardrailVersion": stack.guardrail_version, "source": "INPUT", "content": content}
    role: Any = stack.session().client("lambda").get_function_configuration(FunctionName=WORKER)["Role"]
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("s3", "ListBuckets", {}),
        ("dynamodb", "ListTables", {}),
        ("sqs", "ListQueues", {}),
        ("secretsmanager", "ListSecrets", {}),
        ("lambda", "Invoke", {"FunctionName": API, **dry}),
        ("lambda", "UpdateFunctionConfiguration", {"FunctionName": API}),
        ("iam", "ListRoles", {}),
        ("iam", "CreateUser", {"UserName": "nobody"}),
        ("sts", "AssumeRole", {"RoleArn": role, "RoleSessionName": "other"}),
        ("cloudformation", "DescribeStacks", {"StackName": described["StackId"]}),
        ("cloudformation", "DeleteStack", {"StackName": "no-such-stack"}),
        ("bedrock", "ListFoundationModels", {}),
        ("bedrock", "ListInferenceProfiles", {}),
        ("bedrock", "GetGuardrail", guardrail),
        ("bedrock", "DeleteGuardrail", {"guardrailIdentifier": "gr-none"}),
        ("bedrock-runtime", "ApplyGuardrail", {**guardrail, **applied}),
        ("bedrock-runtime", "InvokeModel", {"modelId": "a.model", "body": "{}"}),
        ("logs", "FilterLogEvents", {"logGroupName": stack.chat_log_group}),
        ("logs", "CreateLogStream", {"logGroupName": foreign.log_group, "logStreamName": "-"}),
    ]
    for service, operation, request in calls:
        yield operation, _call(service, operation, request)


def _call(service: Any, operation: str, request: dict[str, Any]) -> Call:
    def call(session: boto3.Session) -> object:
        client: Any = session.client(service)
        return client._make_api_call(operation, {**request})  # S3 completes the request

    return call
