"""boto3's client takes the stand-in for Bedrock: its signatures, paths, bodies, events and errors."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from botocore.exceptions import ClientError, EventStreamError

from tests.unit.bedrock_standin.converse.conftest import CLAUDE, GUARDED, TOOLS, user

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

PROFILE = "arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/abc123def456"


@pytest.mark.parametrize("model", [CLAUDE, PROFILE])
def test_converse(boto: BedrockRuntimeClient, model: str) -> None:
    """A signed request with an id with a colon, and with an ARN, is answered in one piece."""
    answer = boto.converse(modelId=model, messages=[user("hello")])  # type: ignore[list-item]
    assert answer["output"]["message"] == {"role": "assistant", "content": [{"text": "echo: hello"}]}
    assert answer["stopReason"] == "end_turn"
    assert answer["usage"]["inputTokens"] == 1
    assert answer["metrics"]["latencyMs"] >= 0


def test_converse_stream(boto: BedrockRuntimeClient) -> None:
    """A stream has its events in Bedrock's order."""
    answer = boto.converse_stream(modelId=CLAUDE, messages=[user("hello")])  # type: ignore[list-item]
    received: list[Any] = list(answer["stream"])
    assert [next(iter(event)) for event in received] == [
        "messageStart",
        "contentBlockDelta",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert received[-1]["metadata"]["usage"]["outputTokens"] == 2


def test_a_streamed_tool_call(boto: BedrockRuntimeClient) -> None:
    """A streamed tool call has a start, pieces of its input, and an end."""
    answer = boto.converse_stream(modelId=CLAUDE, messages=[user("Bonn")], toolConfig=TOOLS)  # type: ignore
    received: list[Any] = list(answer["stream"])
    start = received[1]["contentBlockStart"]
    assert (start["start"]["toolUse"]["name"], start["contentBlockIndex"]) == ("weather", 0)
    pieces = [
        e["contentBlockDelta"]["delta"]["toolUse"]["input"] for e in received if "contentBlockDelta" in e
    ]
    assert "".join(pieces) == '{"town": "Bonn"}'
    assert received[-2]["messageStop"]["stopReason"] == "tool_use"


def test_a_traced_intervention(boto: BedrockRuntimeClient) -> None:
    """A blocked input has the stop reason, the message and the trace that boto3 knows."""
    answer = boto.converse(modelId=CLAUDE, messages=[user("forbidden")], guardrailConfig=GUARDED)  # type: ignore
    assert answer["stopReason"] == "guardrail_intervened"
    assert answer["output"]["message"]["content"] == [{"text": "INPUT blocked"}]
    found = answer["trace"]["guardrail"]["inputAssessment"]["gr-1"]
    assert found["appliedGuardrailDetails"]["guardrailOrigin"] == ["REQUEST"]


def test_apply_guardrail(boto: BedrockRuntimeClient) -> None:
    """A masked text comes back in `outputs`."""
    answer = boto.apply_guardrail(
        guardrailIdentifier="arn:aws:bedrock:us-east-1:000000000000:guardrail/gr-1",
        guardrailVersion="DRAFT",
        source="OUTPUT",
        content=[{"text": {"text": "a secret"}}],
    )
    assert (answer["action"], answer["outputs"]) == ("GUARDRAIL_INTERVENED", [{"text": "a {SECRET}"}])


def test_a_refusal_has_its_class(boto: BedrockRuntimeClient) -> None:
    """boto3 finds the class of a refusal."""
    with pytest.raises(ClientError) as caught:
        boto.converse(modelId="anthropic.claude-9", messages=[user("hello")])  # type: ignore[list-item]
    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "The provided model identifier is invalid.",
    }


def test_an_exception_event_has_its_type(boto: BedrockRuntimeClient) -> None:
    """boto3 raises the exception of an exception event."""
    fault = {"exception": {"type": "throttlingException", "message": "Too many"}}
    wanted = {"fault": fault, "operations": ["converse-stream"]}
    httpx.put(
        f"{boto.meta.endpoint_url}/_standin/next-fault", json=wanted, trust_env=False
    ).raise_for_status()
    answer = boto.converse_stream(modelId=CLAUDE, messages=[user("hello")])  # type: ignore[list-item]
    with (
        closing(answer["stream"]) as stream,
        pytest.raises(EventStreamError, match=r"throttlingException.*Too many"),
    ):
        list(stream)
