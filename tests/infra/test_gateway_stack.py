"""What is deployed: routes, answers, permissions, encryption, logs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from batch_steps.settings import StepSettings
from chat_gateway.aws.settings import AwsSettings
from chat_gateway.client_policies.settings import ClientsSettings
from chat_gateway.guardrail.settings import Guardrail
from chat_gateway.http_api.settings import HttpSettings
from chat_gateway.jobs.batch_lines.settings import BatchLinesSettings
from chat_gateway.jobs.settings import WorkerSettings
from chat_gateway.service.settings import UpstreamSettings
from gateway_cli.doctor import stack_check
from tests import documents
from tests.infra.conftest import Synthesised, resolved, synthesised

LAMBDA = {"AWS_REGION": "us-east-1"}  # what Lambda itself adds


def routes(stack: Synthesised, function: str = "") -> set[str]:
    """Methods and paths; of one function those whose integration names it."""
    resources = stack.resources("AWS::ApiGateway::Resource")

    def path(id_: str) -> str:
        if id_ not in resources:
            return ""
        return f"{path(resolved(resources[id_]['ParentId']))}/{resources[id_]['PathPart']}"

    methods = stack.resources("AWS::ApiGateway::Method").values()
    return {
        f"{method['HttpMethod']} {path(resolved(method['ResourceId']))}"
        for method in methods
        if function in resolved(method["Integration"]["Uri"])
    }


def statements(stack: Synthesised) -> list[dict[str, Any]]:
    policies = stack.resources("AWS::IAM::Policy").values()
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def test_each_route_reaches_its_function(stack: Synthesised) -> None:
    """OpenAI's other resources have a function of their own. The chat function answers everything else."""
    of_chat = {"ANY /openai/v1/chat/completions", "ANY /v1/chat/completions", "ANY /{proxy+}", "ANY "}
    assert routes(stack, "ChatFunction") == of_chat
    assert routes(stack, "ResourcesFunction") == {
        f"ANY {prefix}/{resource}{rest}"
        for prefix in ("/openai/v1", "/v1")
        for resource in ("models", "files", "uploads", "batches")
        for rest in ("", "/{proxy+}")
    }
    assert len(routes(stack)) == 20


def test_no_method_is_without_the_authorizer(stack: Synthesised) -> None:
    for method in stack.resources("AWS::ApiGateway::Method").values():
        assert method["AuthorizationType"] == "CUSTOM"
        assert method["AuthorizerId"]


def test_api_gateways_answers_are_openai_shaped(stack: Synthesised) -> None:
    """Every answer of API Gateway's own has OpenAI's error shape and a fixed text."""
    responses = stack.resources("AWS::ApiGateway::GatewayResponse").values()
    for response in responses:
        template = response["ResponseTemplates"]["application/json"]
        assert json.loads(template)["error"].keys() == {"message", "type", "param", "code"}
        assert "$" not in template
        assert "gatewayresponse.header.x-request-id" in response["ResponseParameters"]
    needed = (
        "UNAUTHORIZED ACCESS_DENIED THROTTLED QUOTA_EXCEEDED INVALID_API_KEY MISSING_AUTHENTICATION_TOKEN "
        "REQUEST_TOO_LARGE INTEGRATION_TIMEOUT INTEGRATION_FAILURE DEFAULT_4XX DEFAULT_5XX AUTHORIZER_FAILURE"
    )
    assert set(needed.split()) <= {response["ResponseType"] for response in responses}


def test_answers_of_api_gateways_own_are_documented() -> None:
    """docs/errors.md has a row for each code, with the status where it is not API Gateway's choice."""
    for response in synthesised("prod").resources("AWS::ApiGateway::GatewayResponse").values():
        code = json.loads(response["ResponseTemplates"]["application/json"])["error"]["code"]
        status = response.get("StatusCode", "")
        assert any(status in row[0] and f"`{code}`" in row[1] for row in documents.errors()), (status, code)


@pytest.mark.parametrize("type_", ["UNAUTHORIZED", "ACCESS_DENIED"])
def test_no_key_and_a_wrong_key_are_the_same_401(stack: Synthesised, type_: str) -> None:
    (response,) = (
        r for r in stack.resources("AWS::ApiGateway::GatewayResponse").values() if r["ResponseType"] == type_
    )
    assert response["StatusCode"] == "401"
    assert json.loads(response["ResponseTemplates"]["application/json"])["error"]["code"] == "invalid_api_key"


def test_callers_cannot_choose_the_request_id_of_a_refusal(deployed_stack: Synthesised) -> None:
    for response in deployed_stack.resources("AWS::ApiGateway::GatewayResponse").values():
        source = response["ResponseParameters"]["gatewayresponse.header.x-request-id"]
        assert source == "context.extendedRequestId"


def test_access_log_has_ids_and_no_secrets(
    stack: Synthesised,
) -> None:
    """The access log has the request IDs, and nothing that repeats a token or an address."""
    setting = stack.one("AWS::ApiGateway::Stage")["AccessLogSetting"]
    assert setting["DestinationArn"]
    line = json.loads(setting["Format"])
    assert line["request_id"] == "$context.extendedRequestId"
    assert line["lambda_request_id"] == "$context.integration.requestId"
    assert not re.search(r"error\.|identity|sourceIp|userAgent", setting["Format"])
    assert stack.one("AWS::ApiGateway::Stage")["MethodSettings"][0]["DataTraceEnabled"] is False


def test_bodies_reach_the_function_as_bytes_from_a_regional_endpoint(stack: Synthesised) -> None:
    api = stack.one("AWS::ApiGateway::RestApi")
    assert api["BinaryMediaTypes"] == ["*/*"]
    assert api["EndpointConfiguration"]["Types"] == ["REGIONAL"]


@pytest.mark.parametrize(
    ("function", "settings"),
    [
        ("api", UpstreamSettings),
        ("api", HttpSettings),
        ("worker", UpstreamSettings),
        ("worker", WorkerSettings),
        ("worker", BatchLinesSettings),
        ("authorizer", ClientsSettings),
        ("api", AwsSettings),
        ("authorizer", AwsSettings),
    ],
)
def test_the_variables_of_every_function_parse_as_its_settings(
    stack: Synthesised,
    function: str,
    settings: type[
        UpstreamSettings | HttpSettings | WorkerSettings | BatchLinesSettings | ClientsSettings | AwsSettings
    ],
) -> None:
    assert settings.from_env(stack.variables(function) | LAMBDA)


@pytest.mark.parametrize("function", ["api", "worker"])
def test_guardrail_reaches_the_functions(stack: Synthesised, function: str) -> None:
    """Every function that asks Bedrock gets the environment's guardrail."""
    settings = UpstreamSettings.from_env(stack.variables(function))
    assert settings.guardrail == Guardrail(identifier="abc123", version="7")


def test_bedrock_is_called_in_the_stacks_region_and_partition(deployed_stack: Synthesised) -> None:
    settings = UpstreamSettings.from_env(deployed_stack.variables("api"))
    assert settings.base_url == "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1"


def integrations(stack: Synthesised, function: str) -> list[dict[str, Any]]:
    """The integrations of the routes that reach the function."""
    methods = stack.resources("AWS::ApiGateway::Method").values()
    found = [
        method["Integration"] for method in methods if function in resolved(method["Integration"]["Uri"])
    ]
    assert found
    return found


def test_every_route_streams_where_the_function_does(deployed_stack: Synthesised) -> None:
    """The chat function's routes stream. The lists of models are answered in one piece."""
    for integration in integrations(deployed_stack, "ChatFunction"):
        assert integration["ResponseTransferMode"] == "STREAM"
        assert resolved(integration["Uri"]).endswith("/response-streaming-invocations")
    for integration in integrations(deployed_stack, "ResourcesFunction"):
        assert integration["ResponseTransferMode"] == "BUFFERED"
        assert resolved(integration["Uri"]).endswith("/invocations")
    assert "AWS_LAMBDA_EXEC_WRAPPER" not in deployed_stack.variables("resources")
    variables = deployed_stack.variables("api")
    assert variables["AWS_LAMBDA_EXEC_WRAPPER"] == "/var/task/response_streaming/start"


def test_api_gateway_may_invoke_the_chat_function_in_either_way(deployed_stack: Synthesised) -> None:
    def targets(action: str) -> set[str]:
        permissions = deployed_stack.resources("AWS::Lambda::Permission").values()
        return {resolved(one["FunctionName"]) for one in permissions if one["Action"] == action}

    streamed = targets("lambda:InvokeWithResponseStream")
    assert all(target.startswith("ChatFunction") for target in streamed)
    assert streamed <= targets("lambda:InvokeFunction")
    assert len(streamed) == 2  # the alias, and for one more deployment the function


def test_the_emulators_stack_answers_in_one_piece_with_lambdas_own_loop() -> None:
    local = synthesised("local")
    for method in local.resources("AWS::ApiGateway::Method").values():
        assert method["Integration"]["ResponseTransferMode"] == "BUFFERED"
        assert resolved(method["Integration"]["Uri"]).endswith("/invocations")
    assert "AWS_LAMBDA_EXEC_WRAPPER" not in local.variables("api")


def test_only_the_chat_function_is_started_by_our_loop(deployed_stack: Synthesised) -> None:
    for name in ("worker", "authorizer"):
        assert "AWS_LAMBDA_EXEC_WRAPPER" not in deployed_stack.variables(name)


def test_functions_run_on_python_313_and_arm64(stack: Synthesised) -> None:
    for function in stack.resources("AWS::Lambda::Function").values():
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])


@pytest.mark.parametrize("name", ["ResourcesFunction", "BatchSteps"])
def test_parts_of_files_only(stack: Synthesised, name: str) -> None:
    """Only files are written in parts, so a role may list the parts of no other object."""
    statements = stack.one("AWS::IAM::Policy", name)["PolicyDocument"]["Statement"]
    (resource,) = [s["Resource"] for s in statements if "s3:ListMultipartUploadParts" in s["Action"]]
    assert resolved(resource).endswith("/files/*")


def test_roles_may_do_what_their_function_does_and_no_more(stack: Synthesised) -> None:
    def actions(name: str) -> set[str]:
        policy = stack.one("AWS::IAM::Policy", name)
        found = [statement["Action"] for statement in policy["PolicyDocument"]["Statement"]]
        return {action for item in found for action in ([item] if isinstance(item, str) else item)}

    logs = {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert actions("Authorizer") == logs | {"dynamodb:GetItem", "dynamodb:UpdateItem"}
    assert actions("ChatFunction") == logs | {
        "secretsmanager:GetSecretValue",
        "dynamodb:GetItem",
        "dynamodb:UpdateItem",
    }
    assert actions("ResourcesFunction") == logs | {
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
        "dynamodb:DeleteItem",
        "s3:GetObject",
        "s3:PutObject",
        "s3:DeleteObject",
        "s3:ListMultipartUploadParts",
        "s3:ListBucket",
        "sqs:SendMessage",
        "bedrock:ListFoundationModels",
        "bedrock:ListInferenceProfiles",
    }
    assert actions("JobWorker") == logs | {
        "secretsmanager:GetSecretValue",
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
        "s3:GetObject",
        "s3:PutObject",
        "s3:ListBucket",
        "dynamodb:UpdateItem",
        "dynamodb:GetItem",
    }
    assert actions("BatchSteps") == logs | {
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
        "s3:GetObject",
        "s3:PutObject",
        "s3:ListMultipartUploadParts",
        "s3:ListBucket",
        "dynamodb:BatchGetItem",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
    }


def test_worker_uses_only_what_belongs_to_batches(stack: Synthesised) -> None:
    """The worker reads files and indexes of the bucket, and items whose keys begin as a batch's id does."""
    found = stack.one("AWS::IAM::Policy", "JobWorker")["PolicyDocument"]["Statement"]
    (of_items,) = (statement for statement in found if "Condition" in statement)
    assert of_items["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["batch_*"]}}
    assert "Resources" in resolved(of_items["Resource"])
    (of_objects,) = (s for s in found if s["Action"] == "s3:GetObject")
    (of_bucket,) = (s for s in found if s["Action"] == "s3:ListBucket")
    assert "Files" in resolved(of_bucket["Resource"])
    paths = [resolved(arn).partition("/")[2] for arn in of_objects["Resource"]]
    assert sorted(paths) == ["batches/*/index", "files/*"]


def test_a_killed_step_comes_again_when_its_time_is_up(stack: Synthesised) -> None:
    """The queue hides a step until its function has certainly ended. A step runs by itself."""
    queue = stack.one("AWS::SQS::Queue", "BatchStepsQueue")
    timeout_s = stack.function("batch-steps")["Timeout"]
    assert timeout_s < queue["VisibilityTimeout"] <= timeout_s + 30
    settings = StepSettings.from_env(stack.variables("batch-steps"))
    assert settings.max_attempts < queue["RedrivePolicy"]["maxReceiveCount"]
    source = stack.one("AWS::Lambda::EventSourceMapping", "BatchSteps")
    assert (source["BatchSize"], source["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])


def test_no_permission_covers_every_resource(stack: Synthesised) -> None:
    """Only the two actions that list models, for which AWS has no resources, are allowed on `*`."""
    on_all = [s for s in statements(stack) if s["Effect"] == "Allow" and s["Resource"] == "*"]
    assert [sorted(statement["Action"]) for statement in on_all] == [
        ["bedrock:ListFoundationModels", "bedrock:ListInferenceProfiles"]
    ]


def test_queues_and_buckets_are_encrypted_and_refuse_plain_http(stack: Synthesised) -> None:
    queues, policies = stack.resources("AWS::SQS::Queue"), stack.resources("AWS::SQS::QueuePolicy")
    assert len(queues) == len(policies) == 5
    assert all(queue["SqsManagedSseEnabled"] for queue in queues.values())
    policies = policies | stack.resources("AWS::S3::BucketPolicy")
    for policy in policies.values():
        deny = policy["PolicyDocument"]["Statement"][0]
        assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    buckets = stack.resources("AWS::S3::Bucket").values()
    assert len(buckets) == 2
    assert all(bucket["BucketEncryption"] for bucket in buckets)


def test_files_are_private_and_deleted(stack: Synthesised) -> None:
    """Nobody reads the bucket without IAM. S3 deletes files a day after the last one expires, and short-lived objects sooner."""
    bucket = stack.one("AWS::S3::Bucket", "Files")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    of_all, *others = bucket["LifecycleConfiguration"]["Rules"]
    assert (of_all["ExpirationInDays"], "Prefix" in of_all) == (31, False)
    assert of_all["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 2}
    assert [(rule["ExpirationInDays"], rule["Prefix"]) for rule in others] == [(2, "parts/"), (2, "held/")]


def test_the_table_of_resources(stack: Synthesised) -> None:
    """DynamoDB deletes what has expired, and keeps a history of 35 days."""
    table = stack.one("AWS::DynamoDB::Table", "Resources")
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    keys = [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]]
    assert keys == [("owner", "HASH"), ("id", "RANGE")]


def test_what_api_gateway_says_of_a_large_body() -> None:
    """Its own 413 names the limit of requests, and how to send a file in parts."""
    template = next(
        response["ResponseTemplates"]["application/json"]
        for response in synthesised("prod").resources("AWS::ApiGateway::GatewayResponse").values()
        if response["ResponseType"] == "REQUEST_TOO_LARGE"
    )
    assert "4194304 bytes" in template
    assert "part_size=4_000_000" in template


def test_failed_jobs_are_reported_singly(stack: Synthesised) -> None:
    """Failed jobs move to the dead-letter queue, and a batch reports each failed job by itself."""
    redrive = stack.one("AWS::SQS::Queue", "QueuesJobs")["RedrivePolicy"]
    assert "DeadLetters" in resolved(redrive["deadLetterTargetArn"])
    assert redrive["maxReceiveCount"] >= 100  # every throttled delivery counts
    source = stack.one("AWS::Lambda::EventSourceMapping", "JobWorker")
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_batch_size_fits_the_worker(
    stack: Synthesised,
) -> None:
    """The worker works on a whole batch at once, and batches above 10 have the window that SQS requires."""
    source = stack.one("AWS::Lambda::EventSourceMapping", "JobWorker")
    assert source["BatchSize"] <= WorkerSettings.from_env(stack.variables("worker")).width
    assert source["BatchSize"] <= 10 or source["MaximumBatchingWindowInSeconds"] >= 1
    assert source["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_job_records_end_by_themselves_and_cost_nothing_while_idle(stack: Synthesised) -> None:
    table = stack.one("AWS::DynamoDB::Table", "JobRecords")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_expired_clients_are_removed(stack: Synthesised) -> None:
    """DynamoDB removes a client by the attribute that the authorizer checks."""
    table = stack.one("AWS::DynamoDB::Table", "Clients")
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_outputs_are_the_documented_ones(stack: Synthesised) -> None:
    """The CDK adds no output of its own that looks like the base URL."""
    names = stack.template["Outputs"].keys()
    assert names >= {"BaseUrl", "AccessLogGroupName", "ClientsTableName", "EnforcedGuardrail"}
    assert [name for name in names if re.search(r"[0-9A-F]{8}$", name)] == []


def test_doctor_expects_outputs_that_exist(stack: Synthesised) -> None:
    """`chat-gateway doctor` calls a stack without these outputs one of an earlier version."""
    assert set(stack_check.EXPECTED) <= stack.template["Outputs"].keys()


def test_every_log_group_ends_some_day(stack: Synthesised) -> None:
    groups = stack.resources("AWS::Logs::LogGroup").values()
    assert len(groups) == 6
    assert all(group["RetentionInDays"] for group in groups)


HOLDING_DATA = {
    "AWS::DynamoDB::Table",
    "AWS::SQS::Queue",
    "AWS::SecretsManager::Secret",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
}


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_data_outlives_the_stack_where_it_matters(name: str) -> None:
    resources = synthesised(name).template["Resources"].values()
    kept = [resource for resource in resources if resource["Type"] in HOLDING_DATA]
    assert {resource["Type"] for resource in kept} == HOLDING_DATA
    assert {resource["DeletionPolicy"] for resource in kept} == {"RetainExceptOnCreate"}
    assert synthesised(name).one("AWS::DynamoDB::Table", "Clients")["DeletionProtectionEnabled"] is True


def test_destroying_dev_leaves_only_the_bucket() -> None:
    """`dev` can be destroyed; only the bucket remains, because it may hold objects."""
    resources = synthesised("dev").template["Resources"].values()
    kept = {r["Type"] for r in resources if r["Type"] in HOLDING_DATA and r["DeletionPolicy"] != "Delete"}
    assert kept == {"AWS::S3::Bucket"}
    assert synthesised("dev").one("AWS::DynamoDB::Table", "Clients")["DeletionProtectionEnabled"] is False


def test_everything_that_can_be_is_tagged_with_its_environment() -> None:
    for type_ in (
        "AWS::Lambda::Function",
        "AWS::SQS::Queue",
        "AWS::DynamoDB::Table",
        "AWS::ApiGateway::Stage",
    ):
        for resource in synthesised("prod").resources(type_).values():
            assert {"Key": "environment", "Value": "prod"} in resource["Tags"]


def test_the_secret_begins_with_the_placeholder_that_is_never_sent(stack: Synthesised) -> None:
    """If the initial text changed, CloudFormation would overwrite the keys in use."""
    assert stack.one("AWS::SecretsManager::Secret")["SecretString"] == "REPLACE-WITH-A-BEDROCK-API-KEY"
