"""Runs the deployed chat function under the streaming loop, and reads its answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from client_keys.no_limits import CONTEXT, NO_LIMITS
from local.stack.local_stack import LocalStack
from tests.e2e.deployed_functions import API
from tests.runtime_api import Request

SOURCES = Path(__file__).parents[2] / "lambda_src"
HANDLER = "chat_gateway.http_api.handler.handle"
DELIMITER = bytes(8)


def function_env(stack: LocalStack) -> dict[str, str]:
    """The variables of the deployed function, and the variables that Lambda adds, with credentials of its role."""
    functions, sts = stack.session().client("lambda"), stack.session().client("sts")
    deployed = functions.get_function_configuration(FunctionName=API)
    role = sts.assume_role(RoleArn=deployed["Role"], RoleSessionName=API)["Credentials"]
    return {
        **deployed["Environment"]["Variables"],
        "STREAM_TIMEOUT_S": "897",
        "AWS_REGION": stack.region,
        "AWS_ACCESS_KEY_ID": role["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": role["SecretAccessKey"],
        "AWS_SESSION_TOKEN": role["SessionToken"],
        "AWS_ENDPOINT_URL": stack.aws_endpoint_url,
    }


def proxy_event(
    content: bytes,
    *,
    resource: str = "/openai/v1/chat/completions",
    method: str = "POST",
    headers: Mapping[str, list[str]] | None = None,
) -> dict[str, Any]:
    """The event that API Gateway makes from such a request."""
    return {
        "resource": resource,
        "httpMethod": method,
        "multiValueHeaders": dict(headers or {}),
        "requestContext": {
            "extendedRequestId": "our-id",
            "requestId": "settable",
            "authorizer": {"principalId": "team-a", CONTEXT: NO_LIMITS},
        },
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
    }


def head_and_body(request: Request) -> tuple[dict[str, Any], bytes]:
    """The status and headers, and the body, of the function's answer."""
    prelude, _, body = request.body.partition(DELIMITER)
    head: dict[str, Any] = json.loads(prelude)
    return head, body
