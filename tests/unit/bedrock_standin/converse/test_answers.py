"""Answers of Converse: blocks, stop reasons, usage, reasoning, in one piece and streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.bedrock_standin.converse.conftest import (
    CLAUDE,
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

    from tests.unit.bedrock_standin.conftest import Ask, RecordingGenerator
    from tests.unit.bedrock_standin.converse.conftest import Converse

THINKING = {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}}
CACHE = {"cachePoint": {"type": "default"}}
TWO_CALLS = [
    {"function": {"name": "weather", "arguments": '{"town": "Bonn"}'}},
    {"function": {"name": "weather", "arguments": "{}"}},
]


def script(client: TestClient, **message: Any) -> None:
    client.put("/_standin/next-message", json=message).raise_for_status()


def test_a_token_limit_ends_the_answer(converse: Converse) -> None:
    """A limit cuts the answer, and the stop reason says so, in one piece and streamed."""
    limit = {"inferenceConfig": {"maxTokens": 2}}
    answer = converse("a b c", **limit).json()
    assert (answer["output"]["message"]["content"], answer["stopReason"]) == (
        [{"text": "echo: a"}],
        "max_tokens",
    )
    received = events(converse("a b c", stream=True, **limit).content)
    assert (text_of(received), received[-2][1]) == ("echo: a", {"stopReason": "max_tokens"})


def test_the_generator_gets_a_chat_body(converse: Converse, generator: RecordingGenerator) -> None:
    """The generator gets the system prompt, the turns with calls and results, the tools and the parameters."""
    converse(
        system=[{"text": "s"}],
        messages=[user("a"), assistant("b", tool_use(input_={"town": "Bonn"})), user(tool_result(), "c")],
        toolConfig=TOOLS | {"toolChoice": {"any": {}}},
        inferenceConfig={"temperature": 0.5, "stopSequences": ["x"]},
    )
    (body,) = generator.bodies
    function = {"name": "weather", "arguments": '{"town": "Bonn"}'}
    assert body["messages"] == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "a"},
        {
            "role": "assistant",
            "content": "b",
            "tool_calls": [{"id": "t1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "rain"},
        {"role": "user", "content": "c"},
    ]
    assert (body["tool_choice"], body["temperature"], body["stop"]) == ("required", 0.5, ["x"])
    assert body["tools"][0]["function"]["name"] == "weather"


def test_claudes_own_choice(converse: Converse, generator: RecordingGenerator) -> None:
    """The generator gets Claude's own choice of a tool, and its limit to one call."""
    own = {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}
    converse(toolConfig=TOOLS, additionalModelRequestFields={"tool_choice": own})
    (body,) = generator.bodies
    assert body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert body["parallel_tool_calls"] is False


@pytest.mark.parametrize("stream", [False, True])
def test_text_and_two_calls(converse: Converse, client: TestClient, stream: bool) -> None:
    """A scripted answer has its text, then its calls, each in a block of its own."""
    script(client, content="Let me see.", tool_calls=TWO_CALLS)
    answer = converse(toolConfig=TOOLS, stream=stream)
    if not stream:
        blocks = answer.json()["output"]["message"]["content"]
        assert blocks[0] == {"text": "Let me see."}
        assert [block["toolUse"]["input"] for block in blocks[1:]] == [{"town": "Bonn"}, {}]
        return
    received = events(answer.content)
    starts = [payload["contentBlockIndex"] for name, payload in received if name == "contentBlockStart"]
    stops = [payload["contentBlockIndex"] for name, payload in received if name == "contentBlockStop"]
    assert (starts, stops) == ([1, 2], [0, 1, 2])
    assert received[-2] == ("messageStop", {"stopReason": "tool_use"})


def test_arguments_that_are_no_object_are_malformed(converse: Converse, client: TestClient) -> None:
    """A call whose arguments are no object is left out, and the stop reason says so."""
    script(client, tool_calls=[{"function": {"name": "weather", "arguments": "[1]"}}])
    answer = converse(toolConfig=TOOLS).json()
    assert (answer["output"]["message"]["content"], answer["stopReason"]) == ([], "malformed_tool_use")


def test_a_script_answers_the_native_route_too(ask: Ask, client: TestClient) -> None:
    """A scripted message is used once, on each route."""
    script(client, content="scripted")
    assert ask().json()["choices"][0]["message"]["content"] == "scripted"
    assert ask().json()["choices"][0]["message"]["content"] == "echo: hello there"


@pytest.mark.parametrize("stream", [False, True])
def test_thinking_is_signed_and_can_be_given_back(converse: Converse, stream: bool) -> None:
    """Claude's reasoning comes first with its signature, and is taken back with it."""
    answer = converse(stream=stream, **THINKING)
    if stream:
        deltas = [
            p["delta"]["reasoningContent"] for _, p in events(answer.content) if "reasoningContent" in str(p)
        ]
        text = "".join(delta.get("text", "") for delta in deltas)
        reasoning = {"text": text, "signature": deltas[-1]["signature"]}
    else:
        reasoning = answer.json()["output"]["message"]["content"][0]["reasoningContent"]["reasoningText"]
    messages = [user("a"), assistant({"reasoningContent": {"reasoningText": reasoning}}, "b"), user("c")]
    assert converse(messages=messages, **THINKING).status_code == 200


def test_reasoning_tokens_are_output_tokens(converse: Converse) -> None:
    """The reasoning's tokens are in the output tokens, and apart if a path asks for them."""
    paths = ["/usage/output_tokens_details", "/made/up"]
    plain, reasoned = converse().json(), converse(additionalModelResponseFieldPaths=paths, **THINKING).json()
    apart = reasoned["additionalModelResponseFields"]["usage"]["output_tokens_details"]["thinking_tokens"]
    assert reasoned["usage"]["outputTokens"] == plain["usage"]["outputTokens"] + apart
    assert "additionalModelResponseFields" not in plain


def test_some_models_always_reason(converse: Converse) -> None:
    """A model that always reasons does so without a signature."""
    content = converse(model="us.deepseek.r1-v1:0").json()["output"]["message"]["content"]
    assert content[0]["reasoningContent"]["reasoningText"].keys() == {"text"}


def test_a_prefix_is_written_once_then_read(converse: Converse) -> None:
    """The tokens before a cache point are written once, then read, and are not input tokens."""
    asked = {"system": [{"text": "one two three"}, CACHE], "messages": [user("four")]}
    counts = ("inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens", "totalTokens")
    first, second = (converse(**asked).json()["usage"] for _ in range(2))
    assert [first[name] for name in counts] == [1, 0, 3, 6]
    assert [second[name] for name in counts] == [1, 3, 0, 6]


def test_the_service_tier_is_echoed(converse: Converse) -> None:
    """The service tier comes back, in a stream in the metadata."""
    tier = {"serviceTier": {"type": "flex"}}
    assert converse(**tier).json()["serviceTier"] == {"type": "flex"}
    assert events(converse(stream=True, **tier).content)[-1][1]["serviceTier"] == {"type": "flex"}


def test_requests_are_recorded_with_their_path(converse: Converse, client: TestClient) -> None:
    """A recorded request has its path as it was received."""
    converse()
    (seen,) = client.get("/_standin/requests").json()
    assert seen["path"] == f"/model/{CLAUDE.replace(':', '%3A')}/converse"


def test_images_and_documents_are_named_to_the_model(
    converse: Converse, generator: RecordingGenerator
) -> None:
    """The generator gets a line of text in place of an image or a document."""
    png = {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}}
    text = {"document": {"format": "txt", "name": "notes", "source": {"bytes": "aGVsbG8="}}}
    converse(messages=[user("a", png, text)])
    assert generator.bodies[0]["messages"][0]["content"] == "a\n(An image: png.)\n(A document: notes.)"
