"""Sends HTTP requests to a version of the chat function itself, with the events that API Gateway would make."""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import httpx
from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from client_keys.no_limits import CONTEXT, NO_LIMITS
from guardrail_proof import function_answer
from guardrail_proof.function_answer import NotAnAnswerError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# Thousands of times the usual answer to a short prompt.
_MAX_PAYLOAD_BYTES = 8 * 1024 * 1024


class InvocationError(Exception):
    """Lambda ended the invocation with this error, or its answer is too long."""


class FunctionTransport(httpx.BaseTransport):
    """Answers each request with the function's answer. Threads may share it.

    `function` is the ARN of a version. The function sees a client without limits, with the id `client_id`. If there is
    no answer within `timeout_s`, the transport answers 502 with the error's code, as API Gateway answers its own errors.
    """

    def __init__(self, functions: LambdaClient, function: str, *, client_id: str, timeout_s: float) -> None:
        self._functions, self._function = functions, function
        self._client_id, self._timeout_s = client_id, timeout_s

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer; never raises an error of AWS or of the function."""
        event = proxy_event(request.method, request.url.path, request.read(), client_id=self._client_id)
        try:
            answer = function_answer.read(self._payload(event))
            return httpx.Response(answer.status, headers=answer.headers, content=answer.body)
        except ClientError as error:
            return _failed(error.response.get("Error", {}).get("Code", "unknown"))
        except InvocationError as error:
            return _failed(str(error))
        except (BotoCoreError, HTTPError, ParserError, NotAnAnswerError) as error:
            return _failed(type(error).__name__)

    def _payload(self, event: dict[str, Any]) -> bytes:
        """https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html"""
        deadline = time.monotonic() + self._timeout_s
        answer = self._functions.invoke_with_response_stream(
            FunctionName=self._function, Payload=json.dumps(event).encode()
        )
        payload = bytearray()
        for part in answer["EventStream"]:
            payload += part.get("PayloadChunk", {}).get("Payload", b"")
            if len(payload) > _MAX_PAYLOAD_BYTES:
                raise InvocationError("answer_too_large")
            if time.monotonic() > deadline:
                raise InvocationError("answer_too_slow")
            if code := part.get("InvokeComplete", {}).get("ErrorCode"):
                raise InvocationError(f"invocation_{code}")
        return bytes(payload)


def proxy_event(method: str, path: str, content: bytes, *, client_id: str) -> dict[str, Any]:
    """The parts of API Gateway's event that the chat function reads.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
    """
    request_id = str(uuid.uuid4())
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "multiValueHeaders": {"content-type": ["application/json"]},
        "requestContext": {
            "requestId": request_id,
            "extendedRequestId": request_id,
            "authorizer": {"principalId": client_id, CONTEXT: NO_LIMITS},
        },
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
    }


def _failed(code: str) -> httpx.Response:
    return httpx.Response(502, json={"error": {"code": code}})
