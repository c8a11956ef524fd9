"""The guardrail on Converse: what it assesses, and what it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.bedrock_standin.converse.conftest import (
    GUARDED,
    TOOLS,
    assistant,
    events,
    text_of,
    tool_result,
    tool_use,
    user,
)

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.unit.bedrock_standin.conftest import FakeGuardrails, RecordingGenerator
    from tests.unit.bedrock_standin.converse.conftest import Converse

CONFIG = {"guardrailConfig": GUARDED}


def guard(text: str) -> dict[str, Any]:
    return {"guardContent": {"text": {"text": text}}}


def test_all_text_of_the_messages_is_assessed(converse: Converse, guardrails: FakeGuardrails) -> None:
    """Without a guarded block, all message text is assessed, and the system prompt is not."""
    converse(system=[{"text": "s"}], messages=[user("a"), assistant("b"), user("c", "d")], **CONFIG)
    assert guardrails.asked[0] == ("INPUT", ["a", "b", "c", "d"])


def test_with_a_guarded_block_only_guarded_blocks_are(
    converse: Converse, guardrails: FakeGuardrails, generator: RecordingGenerator
) -> None:
    """With a guarded block, only guarded blocks are assessed. The model reads them as ordinary text."""
    converse(messages=[user("forbidden"), assistant("b"), user(guard("c"), "d")], **CONFIG)
    assert guardrails.asked[0] == ("INPUT", ["c"])
    assert generator.bodies[0]["messages"][-1] == {"role": "user", "content": "c\nd"}


def test_a_guarded_system_prompt_is_assessed(converse: Converse, guardrails: FakeGuardrails) -> None:
    """A guarded block of the system prompt is assessed, beside the messages."""
    converse(system=[guard("s"), {"text": "forbidden"}], messages=[user("a")], **CONFIG)
    assert guardrails.asked[0] == ("INPUT", ["s", "a"])


@pytest.mark.parametrize(
    "changes",
    [
        {"system": [{"text": "forbidden"}]},
        {"messages": [user("a"), assistant(tool_use()), user(tool_result(text="forbidden"))]},
        {"messages": [user("a"), assistant(tool_use(input_={"a": "forbidden"})), user(tool_result())]},
        {
            "toolConfig": {
                "tools": [{"toolSpec": TOOLS["tools"][0]["toolSpec"] | {"description": "forbidden"}}]
            }
        },
    ],
)
def test_aws_does_not_assess(converse: Converse, changes: dict[str, Any]) -> None:
    """AWS does not assess the system prompt, tool results, tool definitions and calls in the history."""
    answer = converse(**{"toolConfig": TOOLS} | CONFIG | changes).json()
    assert answer["stopReason"] == "tool_use"


@pytest.mark.parametrize("stream", [False, True])
def test_generated_arguments_and_reasoning_are_not_assessed(
    converse: Converse, client: TestClient, stream: bool
) -> None:
    """AWS does not assess generated arguments and reasoning."""
    call = {"function": {"name": "weather", "arguments": '{"town": "forbidden"}'}}
    message = {"reasoning_content": "forbidden", "tool_calls": [call]}
    client.put("/_standin/next-message", json=message).raise_for_status()
    answer = converse("a", stream=stream, toolConfig=TOOLS, **CONFIG)
    sent = str(events(answer.content)) if stream else answer.text
    assert (sent.count("forbidden"), "guardrail_intervened" in sent) == (2, False)


@pytest.mark.parametrize(("text", "says"), [("forbidden", "INPUT blocked"), ("badly", "OUTPUT blocked")])
def test_an_intervention_is_200_with_the_message(converse: Converse, text: str, says: str) -> None:
    """A blocked input or output is HTTP 200 with the configured message, in one piece and streamed."""
    answer, streamed = converse(text, **CONFIG), converse(text, stream=True, **CONFIG)
    assert (answer.status_code, streamed.status_code) == (200, 200)
    assert answer.json()["output"]["message"]["content"] == [{"text": says}]
    assert answer.json()["stopReason"] == "guardrail_intervened"
    received = events(streamed.content)
    assert (text_of(received), received[-2][1]["stopReason"]) == (says, "guardrail_intervened")
    assert "guardrail" in received[-1][1]["trace"]


def test_a_blocked_input_costs_no_tokens(converse: Converse, client: TestClient) -> None:
    """A blocked input is never generated for; a blocked output has its usage."""
    assert converse("forbidden", **CONFIG).json()["usage"]["totalTokens"] == 0
    assert client.get("/_standin/counters").json()["generations"] == 0
    assert converse("badly", **CONFIG).json()["usage"]["outputTokens"] == 2


def test_masking_keeps_the_stop_reason(converse: Converse) -> None:
    """Masked text changes neither status nor stop reason. Only the trace tells."""
    answer = converse("a secret", **CONFIG).json()
    assert answer["output"]["message"]["content"] == [{"text": "echo: a {SECRET}"}]
    assert answer["stopReason"] == "end_turn"
    assert answer["trace"]["guardrail"]["actionReason"] == "Guardrail masked."


def test_the_trace_has_aws_s_shape(converse: Converse) -> None:
    """The trace has the input's assessment, the outputs' and the model's own text."""
    trace = converse("badly", **CONFIG).json()["trace"]["guardrail"]
    assert list(trace["inputAssessment"]) == list(trace["outputAssessments"]) == ["gr-1"]
    assert trace["outputAssessments"]["gr-1"][0]["wordPolicy"] == {"action": "BLOCKED"}
    assert trace["modelOutput"] == ["echo: badly"]


@pytest.mark.parametrize("trace", ["disabled", None])
def test_no_trace_unless_asked_for(converse: Converse, trace: str | None) -> None:
    """Without `enabled` there is no trace."""
    config = GUARDED | {"trace": trace}
    assert "trace" not in converse("forbidden", guardrailConfig=config).json()


@pytest.mark.parametrize(
    "change",
    [
        {"guardrailIdentifier": "gr2"},
        {"guardrailIdentifier": ""},
        {"guardrailVersion": "0"},
        {"trace": "ENABLED"},
        {"streamProcessingMode": "sync"},
    ],
)
def test_a_wrong_guardrail_config_is_400(
    converse: Converse, client: TestClient, change: dict[str, str]
) -> None:
    """An unknown guardrail and an ill-formed guardrailConfig are a 400. Only a stream has a processing mode."""
    assert converse(guardrailConfig=GUARDED | change).status_code == 400
    assert client.get("/_standin/counters").json()["generations"] == 0


def test_a_stream_takes_a_processing_mode(converse: Converse) -> None:
    """ConverseStream takes streamProcessingMode."""
    config = GUARDED | {"streamProcessingMode": "sync"}
    assert text_of(events(converse(stream=True, guardrailConfig=config).content)) == "echo: hello there"


def test_guardrails_can_be_ignored_and_refused(converse: Converse, client: TestClient) -> None:
    """The control for guardrail headers also holds for guardrailConfig."""
    client.put("/_standin/guardrail-headers", json={"ignored": True})
    assert converse("forbidden", **CONFIG).json()["stopReason"] == "end_turn"
    client.put("/_standin/guardrail-headers", json={"denied": True})
    refused = converse("forbidden", **CONFIG)
    assert (refused.status_code, "bedrock:ApplyGuardrail" in refused.json()["Message"]) == (403, True)
    assert converse("forbidden").status_code == 200
