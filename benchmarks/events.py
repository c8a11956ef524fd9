"""The functions' events: API Gateway's events for a chat completion and for an authorizer."""

from __future__ import annotations

import base64
import json
from typing import Any

from benchmarks.shapes import Shape

_PATH = "/openai/v1/chat/completions"
NO_LIMITS = '{"v":1}'  # the policy of a client without limits, as the authorizer passes it on
_WORDS = "The quick brown fox jumps over the lazy dog, and nobody asks it why it does. "


def chat_body(shape: Shape, size_bytes: int) -> bytes:
    """A chat completion request of about this size, as JSON: a conversation in plain text."""
    texts = _texts(size_bytes - 130)
    messages = [
        {"role": "assistant" if number % 2 else "user", "content": text} for number, text in enumerate(texts)
    ]
    document: dict[str, Any] = {"model": shape.model, "temperature": 0.7, "max_completion_tokens": 512}
    if shape.streams:
        document["stream"] = True
    return json.dumps({**document, "messages": messages}).encode()


def _texts(size_bytes: int) -> list[str]:
    """An odd number of messages, so that the last one is the user's. A message has at most 4 kB."""
    count = max(1, size_bytes // 4096) | 1
    text = _WORDS * (size_bytes // count // len(_WORDS) + 1)
    return [text[: size_bytes // count]] * count


def chat_event(body: bytes, policy: str = NO_LIMITS, *, client: str = "team") -> bytes:
    """API Gateway's proxy event for `body`, from this client with this policy.

    The body is base64, because all media types are binary.
    """
    headers = {
        "Accept": ["application/json"],
        "Authorization": ["Bearer " + "k" * 40],
        "Content-Type": ["application/json"],
        "Host": ["abc123.execute-api.eu-central-1.amazonaws.com"],
        "User-Agent": ["OpenAI/Python 3.54.0"],
        "X-Amzn-Trace-Id": ["Root=1-69234567-0123456789abcdef01234567"],
        "X-Forwarded-For": ["198.51.100.7"],
        "X-Forwarded-Port": ["443"],
        "X-Forwarded-Proto": ["https"],
        "x-stainless-lang": ["python"],
        "x-stainless-retry-count": ["0"],
    }
    event = {
        "resource": _PATH,
        "path": _PATH,
        "httpMethod": "POST",
        "headers": {name: values[0] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": _PATH,
            "httpMethod": "POST",
            "path": f"/v1{_PATH}",
            "protocol": "HTTP/1.1",
            "stage": "v1",
            "accountId": "123456789012",
            "apiId": "abc123",
            "requestId": "0a1b2c3d-0000-4000-8000-000000000000",
            "extendedRequestId": "AbCdEfGhIjKlMno=",
            "requestTimeEpoch": 1795392000000,
            "identity": {"sourceIp": "198.51.100.7", "userAgent": "OpenAI/Python 3.54.0"},
            "authorizer": {"principalId": client, "policy": policy},
        },
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }
    return json.dumps(event).encode()


def authorizer_event(*, key: str = "bcg-" + "k" * 43) -> bytes:
    """API Gateway's event for a TOKEN authorizer, from the client with this key."""
    return json.dumps(
        {
            "type": "TOKEN",
            "authorizationToken": f"Bearer {key}",
            "methodArn": f"arn:aws:execute-api:eu-central-1:123456789012:abc123/v1/POST{_PATH}",
        }
    ).encode()
