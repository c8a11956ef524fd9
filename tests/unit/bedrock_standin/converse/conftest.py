"""Ways to ask the stand-in's Converse: without a socket, and with boto3 over one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.eventstream import EventStreamBuffer

from local.bedrock_standin.credentials.signatures import Signatures
from local.bedrock_standin.generators.echo import EchoGenerator
from local.bedrock_standin.server.app import create_app
from tests.unit.bedrock_standin.conftest import KEY, FakeGuardrails, listening

if TYPE_CHECKING:
    from httpx2 import Response
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from starlette.testclient import TestClient

    Converse = Callable[..., Response]

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
GUARDED = {"guardrailIdentifier": "gr-1", "guardrailVersion": "DRAFT", "trace": "enabled"}
TOOLS = {
    "tools": [
        {
            "toolSpec": {
                "name": "weather",
                "description": "The weather of a town.",
                "inputSchema": {"json": {"type": "object", "properties": {"town": {"type": "string"}}}},
            }
        }
    ]
}


def user(*content: dict[str, Any] | str) -> dict[str, Any]:
    """A user's turn. A string is a text block."""
    return {"role": "user", "content": [_block(part) for part in content]}


def assistant(*content: dict[str, Any] | str) -> dict[str, Any]:
    """An assistant's turn. A string is a text block."""
    return {"role": "assistant", "content": [_block(part) for part in content]}


def tool_use(id_: str = "t1", input_: Any = None) -> dict[str, Any]:
    """A call of the tool `weather`."""
    return {"toolUse": {"toolUseId": id_, "name": "weather", "input": {} if input_ is None else input_}}


def tool_result(id_: str = "t1", text: str = "rain") -> dict[str, Any]:
    """The result of a call."""
    return {"toolResult": {"toolUseId": id_, "content": [{"text": text}]}}


def messages_of(raw: bytes) -> list[Any]:
    """The messages that botocore reads. Its types have no attributes."""
    buffer = EventStreamBuffer()
    buffer.add_data(raw)
    return list(buffer)


def events(raw: bytes) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream as botocore reads them, without their padding. Fails if bytes are left over."""
    read = messages_of(raw)
    assert sum(message.prelude.total_length for message in read) == len(raw), "bytes are left over"
    messages = [message.to_response_dict() for message in read]
    return [(name_of(message["headers"]), payload_of(message["body"])) for message in messages]


def name_of(headers: dict[str, Any]) -> str:
    assert headers[":content-type"] == "application/json"
    return str(headers.get(":event-type") or headers[":exception-type"])


def payload_of(raw: bytes) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(raw)
    payload.pop("p", None)
    return payload


def text_of(received: list[tuple[str, dict[str, Any]]]) -> str:
    """The text of a stream's events."""
    return "".join(
        payload["delta"].get("text", "") for name, payload in received if name == "contentBlockDelta"
    )


def _block(part: dict[str, Any] | str) -> dict[str, Any]:
    return {"text": part} if isinstance(part, str) else part


@pytest.fixture
def converse(client: TestClient) -> Converse:
    """Asks Converse, or ConverseStream with `stream`, with a valid key and body. Keywords change the body."""

    def converse(
        text: str = "hello there", *, model: str = CLAUDE, stream: bool = False, **changes: Any
    ) -> Response:
        path = f"/model/{model.replace(':', '%3A').replace('/', '%2F')}/converse{'-stream' if stream else ''}"
        headers = {"authorization": f"Bearer {KEY}"}
        return client.post(path, json={"messages": [user(text)]} | changes, headers=headers)

    return converse


@pytest.fixture
def boto(guardrails: FakeGuardrails) -> Iterator[BedrockRuntimeClient]:
    """boto3's client, which signs its requests, of a stand-in on a real socket."""
    signatures = Signatures({"test": "made-up-secret"}, region="us-east-1")
    app = create_app(api_key=KEY, generator=EchoGenerator(), guardrails=guardrails, signatures=signatures)
    with listening(app) as url:
        client = boto3.client(
            "bedrock-runtime",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="made-up-secret",
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )
        yield client
        client.close()
