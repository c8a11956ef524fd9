"""The emulator's own Converse, which others wrote, understands our requests, and we understand its answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from chat_gateway.bedrock.client import BedrockClient, UpstreamTimeouts
from chat_gateway.bedrock.role_signature import RoleCredentials
from chat_gateway.completions import request as chat_request
from chat_gateway.completions import retry
from chat_gateway.completions.completions import Completions
from chat_gateway.completions.request import ChatRequest
from chat_gateway.completions.retry import Attempts
from chat_gateway.completions.stream import ChatStream, StreamRules
from chat_gateway.http1.transport import KeptConnections
from local.aws import environment
from local.stack.local_stack import LocalStack

# The emulator lists it.
CLAUDE = "anthropic.claude-3-5-sonnet-20240620-v1:0"
IN_TIME_S = 20.0
CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"word": "tea"}'}}
TOOL = {
    "type": "function",
    "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}},
}
CONVERSATIONS: list[dict[str, Any]] = [
    {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]},
    {
        "messages": [
            {"role": "user", "content": "What is tea?"},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "call_1", "content": "a drink"},
        ],
        "tools": [TOOL],
    },
]


@pytest.fixture
def completions(stack: LocalStack) -> Iterator[Completions]:
    """Completions without a guardrail whose Bedrock is the emulator, which knows it by the signature's scope."""
    base_url = f"{stack.aws_endpoint_url}/openai/v1"
    connections = KeptConnections(max_idle=1)
    bedrock = BedrockClient(
        base_url=base_url,
        timeouts=UpstreamTimeouts(connect_s=5, first_byte_s=IN_TIME_S, between_bytes_s=IN_TIME_S),
        max_connections=1,
        max_answer_bytes=1_000_000,
        transport=connections,
    )
    env = environment.aws(stack.aws_endpoint_url)
    yield Completions(
        bedrock=bedrock, credentials=RoleCredentials(base_url, stack.region, env), guardrail=None
    )
    connections.close()


def asked(conversation: dict[str, Any], **fields: Any) -> ChatRequest:
    return chat_request.from_document({"model": CLAUDE, **conversation, **fields})


def attempts() -> Attempts:
    policy = retry.FOR_CALLERS._replace(retries=0)
    return Attempts(policy=policy, deadline=time.monotonic() + IN_TIME_S)


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=["text", "tools"])
def test_whole_answers(completions: Completions, conversation: dict[str, Any]) -> None:
    """An answer in one piece has a text, an end and counted tokens."""
    prepared = completions.prepared(asked(conversation), caller_headers={})
    document = completions.create(prepared, attempts()).document
    (choice,) = document["choices"]
    assert choice["message"]["content"]
    assert choice["finish_reason"] == "stop"
    assert document["usage"]["total_tokens"] > 0


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=["text", "tools"])
def test_streams(completions: Completions, conversation: dict[str, Any]) -> None:
    """A stream's frames are read to their end, with the same text's deltas and the usage."""
    prepared = completions.prepared(asked(conversation, stream=True), caller_headers={})
    answer = completions.stream(prepared, attempts())
    stream = ChatStream(
        answer.chunks, StreamRules(shows_usage=True), bedrock_request_id=answer.bedrock_request_id
    )
    relayed = b"".join(stream.relay())
    answer.close()
    assert b'"content"' in relayed
    assert b'"finish_reason":"stop"' in relayed.replace(b": ", b":")
    assert relayed.endswith(b"data: [DONE]\n\n")
    assert stream.usage is not None
