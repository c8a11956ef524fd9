"""What it takes to run the deployed chat function under the streaming loop, and to read its answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from local.stack import LocalStack
from tests.runtime_api import Request

SOURCES = Path(__file__).parents[2] / "lambda_src"
HANDLER = "chat_gateway.entrypoints.api.handle"
DELIMITER = bytes(8)


def function_env(stack: LocalStack) -> dict[str, str]:
    """The variables of the deployed function, and what Lambda adds to them."""
    functions = stack.session().client("lambda")
    deployed = functions.get_function_configuration(FunctionName="bedrock-chat-gateway-local-api")
    return {
        **deployed["Environment"]["Variables"],
        "STREAM_TIMEOUT_S": "897",
        "AWS_REGION": stack.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": stack.aws_endpoint_url,
    }


def head_and_body(request: Request) -> tuple[dict[str, Any], bytes]:
    """The status and headers, and the body, of what the function answered."""
    prelude, _, body = request.body.partition(DELIMITER)
    head: dict[str, Any] = json.loads(prelude)
    return head, body
