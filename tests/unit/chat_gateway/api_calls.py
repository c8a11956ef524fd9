"""Calls of the chat function as API Gateway makes them, and what Bedrock answers."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx

from chat_gateway.http_api import handler as api
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.conftest import Bedrock, FakeContext

PROMPT = "tell nobody about the purple elephant"
COMPLETION = {
    "id": "chatcmpl-1",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "a whisper"}}
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8},
}


def answering(*responses: httpx.Response) -> Bedrock:
    remaining = list(responses)
    return lambda _: remaining.pop(0)


def ok(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=COMPLETION, headers={"x-amzn-requestid": "bedrock-id"})


def event(
    body: object = None,
    *,
    resource: str = "/openai/v1/chat/completions",
    method: str = "POST",
    headers: dict[str, list[str]] | None = None,
    encoded: bool = True,
) -> dict[str, Any]:
    document = {**VALID, "messages": [{"role": "user", "content": PROMPT}]} if body is None else body
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    return {
        "resource": resource,
        "httpMethod": method,
        "multiValueHeaders": headers or {},
        "requestContext": {
            "requestId": "settable-id",
            "extendedRequestId": "our-id",
            "authorizer": {"principalId": "team-a"},
        },
        "body": base64.b64encode(raw).decode() if encoded else raw.decode(),
        "isBase64Encoded": encoded,
    }


def handle(request: dict[str, Any]) -> tuple[int, dict[str, str], dict[str, Any]]:
    answer = api.handle(request, FakeContext())
    assert answer["isBase64Encoded"] is False
    return answer["statusCode"], answer["headers"], json.loads(answer["body"])
