"""Calls of the chat function as API Gateway makes them, and Bedrock's answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

import httpx

from chat_gateway.completions.completions import Completions
from chat_gateway.completions.stream_usage import StreamUsage
from chat_gateway.core.startup import Startup
from chat_gateway.guardrail.settings import Guardrail
from chat_gateway.http_api.handler import ChatFunction, ChatState
from chat_gateway.http_api.settings import HttpSettings
from chat_gateway.service.settings import UpstreamSettings
from client_keys.no_limits import CONTEXT, NO_LIMITS
from response_streaming import StreamingResponse, buffered_elsewhere
from tests.unit.chat_gateway.bedrock_calls import client_for
from tests.unit.chat_gateway.bedrock_key_fakes import FakeSecrets, api_key, key_credentials
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to
from tests.unit.chat_gateway.upstream_settings import UPSTREAM

if TYPE_CHECKING:
    from chat_gateway.completions.completions import ChatCompletions

Bedrock = Callable[[httpx.Request], httpx.Response]

KEY = "ABSK-secret-key"
PROMPT = "tell nobody about the purple elephant"
STREAMING = {**VALID, "stream": True, "messages": [{"role": "user", "content": PROMPT}]}
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
    policy: object = NO_LIMITS,
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
            "authorizer": {"principalId": "team-a", CONTEXT: policy},
        },
        "body": base64.b64encode(raw).decode() if encoded else raw.decode(),
        "isBase64Encoded": encoded,
    }


@dataclass(frozen=True)
class ChatCalls:
    """A chat function for one test."""

    state: ChatState
    log: TextIO

    @classmethod
    def of(cls, completions: ChatCompletions, log: TextIO) -> ChatCalls:
        state = ChatState(
            http=HttpSettings(stream_timeout_s=897, count_stream_tokens=True, record_usage=False),
            upstream=UpstreamSettings.from_env(UPSTREAM),
            completions=completions,
            stream_usage=StreamUsage(),
        )
        return cls(state, log)

    @cached_property
    def function(self) -> ChatFunction:
        return function_for(lambda: self.state, self.log)

    def handle(self, request: object) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Status, headers and JSON of a buffered answer."""
        answer = self.whole(request)
        assert answer["isBase64Encoded"] is False
        return answer["statusCode"], answer["headers"], json.loads(answer["body"])

    def whole(self, request: object) -> dict[str, Any]:
        """The answer for a runtime that does not stream."""
        answer: dict[str, Any] = buffered_elsewhere(self.function.handle)(request, FakeContext())
        return answer

    def respond(self, body: dict[str, Any] = STREAMING, *, remaining_ms: int = 900_000) -> StreamingResponse:
        """The answer for our own loop."""
        return self.function.handle(event(body), FakeContext(remaining_ms=remaining_ms))  # type: ignore[arg-type]


def function_for(build: Callable[[], ChatState], log: TextIO) -> ChatFunction:
    """A chat function with the state that `build` returns; it does not wait between attempts."""
    return ChatFunction(Startup(build), logger_to(log), sleep=lambda _: None)


def completions_for(
    bedrock: Bedrock, *, secret: str = KEY, guardrail: Guardrail | None = None, **changes: Any
) -> Completions:
    """Completions from a test's Bedrock, whose key is in `secret`."""
    return Completions(
        bedrock=client_for(bedrock),
        credentials=key_credentials(api_key(FakeSecrets(secret))),
        guardrail=guardrail,
        **changes,
    )
