"""What Bedrock refuses on Converse: each refusal is a 400 with its own text, before anything is generated."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.bedrock_standin.converse.conftest import TOOLS, assistant, tool_result, tool_use, user

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from tests.unit.bedrock_standin.converse.conftest import Converse

CLAUDE_3 = "anthropic.claude-3-haiku-20240307-v1:0"
CLAUDE_4_6 = "us.anthropic.claude-sonnet-4-6"
CLAUDE_5 = "us.anthropic.claude-opus-5"
CLAUDE_5_5 = "us.anthropic.claude-opus-5-5"
NOVA = "amazon.nova-pro-v1:0"
MICRO = "amazon.nova-micro-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
TITAN = "amazon.titan-text-express-v1"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n and more").decode()
CACHE = {"cachePoint": {"type": "default"}}


def image(format_: str = "png", bytes_: str = PNG) -> dict[str, Any]:
    return {"image": {"format": format_, "source": {"bytes": bytes_}}}


def document(name: str = "notes", **source: Any) -> dict[str, Any]:
    return {"document": {"format": "txt", "name": name, "source": source or {"bytes": PNG}}}


def spec(**changes: Any) -> dict[str, Any]:
    return {"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}} | changes}


def choosing(**choice: Any) -> dict[str, Any]:
    return TOOLS | {"toolChoice": choice}


def thinking(**fields: Any) -> dict[str, Any]:
    return {"additionalModelRequestFields": {"thinking": fields}}


def formatted(schema: str) -> dict[str, Any]:
    return {
        "outputConfig": {
            "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": schema}}}
        }
    }


CALL = [user("a"), assistant(tool_use())]
BUDGET = thinking(type="enabled", budget_tokens=2000)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"messages": []}, "A conversation must start with a user message"),
        ({"messages": [assistant("a")]}, "A conversation must start with a user message"),
        ({"messages": [user("a"), user("b")]}, "A conversation must alternate"),
        ({"messages": [user("a"), {"role": "system", "content": [{"text": "b"}]}]}, "the role system"),
        ({"messages": [{"role": "tool", "content": [{"text": "a"}]}]}, "messages.0.role"),
        ({"messages": [user()]}, "The content field in the Message object at messages.0 is empty"),
        ({"messages": [user("")]}, "object at messages.0.content.0 is blank"),
        ({"messages": [user("a", " \n")]}, "object at messages.0.content.1 is blank"),
        ({"messages": [user("a"), assistant("b ")]}, "cannot end with trailing whitespace"),
        ({"messages": [user("a"), assistant("b")], "model": CLAUDE_4_6}, "prefill"),
        ({"messages": [user("a"), assistant(image())]}, "image field at messages.1.content.0 is not allowed"),
        ({"messages": [user(tool_use())], "toolConfig": TOOLS}, "toolUse field at messages.0.content.0"),
        ({"messages": [user({"text": "a", "image": image()["image"]})]}, "exactly one member"),
        ({"messages": [user({"video": {"format": "mp4", "source": {"bytes": PNG}}})]}, "the video content"),
        ({"system": [{"text": " "}]}, "system.0 is blank"),
        ({"system": [{"text": ""}]}, "system.0.text"),
        ({"system": "a"}, "system"),
        ({"system": [{"text": "a"}], "model": TITAN}, "doesn't support system messages"),
        ({"stream": True, "guardrailConfig": {"guardrailIdentifier": "gr-1"}}, "guardrailVersion"),
        ({"messages": CALL}, "The toolConfig field must be defined"),
        ({"messages": CALL, "toolConfig": TOOLS}, "messages.2.content for the following Ids: t1"),
        ({"messages": [*CALL, user("b")], "toolConfig": TOOLS}, "for the following Ids: t1"),
        (
            {
                "messages": [user("a"), assistant(tool_use("x"), tool_use("y")), user(tool_result("x"))],
                "toolConfig": TOOLS,
            },
            "Expected toolResult blocks at messages.2.content for the following Ids: y",
        ),
        (
            {"messages": [*CALL, user(tool_result(), tool_result("t2"))], "toolConfig": TOOLS},
            "exceeds the number",
        ),
        ({"messages": [user(tool_result())], "toolConfig": TOOLS}, "exceeds the number"),
        ({"messages": [*CALL, user("b", tool_result())], "toolConfig": TOOLS}, "must come before"),
        ({"messages": [*CALL, user(tool_result(text=" "))], "toolConfig": TOOLS}, "is blank"),
        (
            {
                "messages": [*CALL, user({"toolResult": {"toolUseId": "t1", "content": []}})],
                "toolConfig": TOOLS,
            },
            "is empty",
        ),
        (
            {
                "messages": [*CALL, user({"toolResult": {"toolUseId": "t1", "content": [{"json": [1]}]}})],
                "toolConfig": TOOLS,
            },
            "Provide a json object",
        ),
        (
            {"messages": [*CALL, user(tool_result(), "b")], "toolConfig": TOOLS, "model": LLAMA},
            "in the same turn",
        ),
        (
            {
                "messages": [
                    *CALL,
                    user({"toolResult": {"toolUseId": "t1", "status": "error", "content": [{"text": "b"}]}}),
                ],
                "toolConfig": TOOLS,
                "model": LLAMA,
            },
            "doesn't support the status field",
        ),
        ({"messages": [user("a"), assistant(tool_use("a b"))], "toolConfig": TOOLS}, "toolUseId"),
        ({"toolConfig": {"tools": []}}, "toolConfig.tools"),
        ({"toolConfig": {"tools": [spec(name="a.b")]}}, "toolSpec.name"),
        ({"toolConfig": {"tools": [spec(name="a" * 65)]}}, "toolSpec.name"),
        ({"toolConfig": {"tools": [spec(description="")]}}, "description"),
        ({"toolConfig": {"tools": [spec(inputSchema={"json": {}})]}}, "must be one of the following: object"),
        ({"toolConfig": {"tools": [spec(strict=True)]}, "model": CLAUDE_5}, "strict"),
        ({"toolConfig": {"tools": [spec(), spec()]}}, "must be unique"),
        ({"toolConfig": choosing(none={})}, "extraneous key [none]"),
        ({"toolConfig": choosing(tool={"name": "g"})}, "no tool of toolConfig"),
        ({"toolConfig": choosing(any={}), "model": LLAMA}, "support the toolConfig.toolChoice.any field"),
        ({"toolConfig": choosing(any={}), "model": CLAUDE_5_5}, "toolConfig.toolChoice.any"),
        ({"toolConfig": TOOLS, "model": LLAMA, "stream": True}, "doesn't support tool use in streaming mode"),
        ({"toolConfig": TOOLS, "model": TITAN}, "doesn't support tool use"),
        ({"messages": [user(image("jpg"))]}, "image.format"),
        ({"messages": [user(image("jpeg"))]}, "appears to be a image/png image"),
        ({"messages": [user(image(bytes_="aGVsbG8="))]}, "Could not process image"),
        ({"messages": [user(image(bytes_="https://example.org/a.png"))]}, "no base64"),
        (
            {"messages": [user({"image": {"format": "png", "source": {"url": "https://example.org"}}})]},
            "[url]",
        ),
        (
            {
                "messages": [
                    user({"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/a"}}}})
                ]
            },
            "s3Location",
        ),
        ({"messages": [user(image())], "model": MICRO}, "support the image content block"),
        ({"messages": [user(*[image()] * 21)]}, "more than 20 images"),
        ({"messages": [user("a", document("a.b"))]}, "document file name"),
        ({"messages": [user("a", document("a  b"))]}, "document file name"),
        ({"messages": [user("a", document(), document())]}, "duplicate document names"),
        ({"messages": [user(document())]}, "must contain a text block"),
        ({"messages": [user("a", *[document(f"d{n}") for n in range(6)])]}, "more than 5 documents"),
        ({"messages": [user("a", document())], "model": MICRO}, "support the document content block"),
        ({"messages": [user("a", *[CACHE] * 5)]}, "maximum of 4"),
        ({"messages": [user("a", CACHE)], "model": CLAUDE_3}, "did not allow prompt caching"),
        ({"toolConfig": {"tools": [spec(), CACHE]}, "model": NOVA}, "did not allow prompt caching"),
        ({"inferenceConfig": {"maxTokens": 0}}, "inferenceConfig.maxTokens"),
        ({"inferenceConfig": {"maxTokens": 4097}, "model": CLAUDE_3}, "exceeds the model limit of 4096"),
        ({"inferenceConfig": {"temperature": 1.5}}, "inferenceConfig.temperature"),
        ({"inferenceConfig": {"stopSequences": [""]}}, "stopSequences"),
        ({"inferenceConfig": {"topK": 4}}, "extraneous key [topK]"),
        (
            {"inferenceConfig": {"temperature": 0.5}, "model": CLAUDE_5},
            "`temperature` is deprecated for this model",
        ),
        ({"inferenceConfig": {"temperature": 0.5, "topP": 0.5}}, "cannot both be specified"),
        ({"seed": 1}, "extraneous key [seed]"),
        ({"standin_fault": {}}, "extraneous key [standin_fault]"),
        ({"promptVariables": {"a": {"text": "b"}}}, "promptVariables"),
        ({"additionalModelRequestFields": {"made_up": 1}}, "made_up: Extra inputs are not permitted"),
        ({"additionalModelRequestFields": {"top_k": 1}, "model": LLAMA}, "top_k: Extra inputs"),
        (
            {
                "additionalModelRequestFields": {"tool_choice": {"type": "auto"}},
                "toolConfig": choosing(auto={}),
            },
            "conflicts with toolConfig.toolChoice",
        ),
        ({"additionalModelResponseFieldPaths": ["/a"] * 11}, "additionalModelResponseFieldPaths"),
        ({"requestMetadata": {}}, "requestMetadata"),
        ({"requestMetadata": {"a": "b!"}}, "requestMetadata"),
        ({"serviceTier": {"type": "scale"}}, "serviceTier.type"),
        (formatted('{"type": "object"}'), "additionalProperties"),
        (formatted("{"), "not valid JSON"),
        (formatted("{}") | {"model": LLAMA}, "outputConfig.textFormat"),
        (thinking(type="adaptive"), "thinking.type.adaptive"),
        (BUDGET | {"model": CLAUDE_5}, "thinking.type.enabled"),
        (thinking(type="enabled", budget_tokens=1), "greater than or equal to 1024"),
        (BUDGET | {"inferenceConfig": {"maxTokens": 100}}, "greater than `thinking.budget_tokens`"),
        (BUDGET | {"inferenceConfig": {"temperature": 0.5}}, "may only be set to 1"),
        (BUDGET | {"toolConfig": choosing(any={})}, "forces tool use"),
        (
            BUDGET | {"messages": [*CALL, user(tool_result())], "toolConfig": TOOLS},
            "Expected `thinking` or `redacted_thinking`, but found `tool_use`",
        ),
        (
            {
                "messages": [
                    user("a"),
                    assistant({"reasoningContent": {"reasoningText": {"text": "b"}}}, "c"),
                    user("d"),
                ]
            },
            "messages.1.content.0.thinking.signature: Field required",
        ),
        (
            {
                "messages": [
                    user("a"),
                    assistant({"reasoningContent": {"reasoningText": {"text": "b", "signature": "c"}}}, "c"),
                    user("d"),
                ]
            },
            "Invalid `signature`",
        ),
    ],
)
def test_bedrock_refuses(converse: Converse, client: TestClient, changes: dict[str, Any], says: str) -> None:
    """Bedrock refuses the request, says why, and generates nothing."""
    refused = converse(**changes)
    assert refused.status_code == 400, refused.text
    assert says in refused.json()["message"]
    assert refused.headers["x-amzn-errortype"].startswith("ValidationException:")
    assert client.get("/_standin/counters").json()["generations"] == 0


@pytest.mark.parametrize("name", ["null", "missing"])
def test_a_call_without_input_is_empty(converse: Converse, name: str) -> None:
    """A call in the history whose input is null or missing is refused as empty."""
    call: dict[str, Any] = {"toolUseId": "t1", "name": "weather"} | (
        {"input": None} if name == "null" else {}
    )
    refused = converse(
        messages=[user("a"), assistant({"toolUse": call}), user(tool_result())], toolConfig=TOOLS
    )
    assert "The value at messages.1.content.0.toolUse.input is empty" in refused.json()["message"]


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": [*CALL, user(tool_result(), "b")], "toolConfig": TOOLS},
        {"messages": [*CALL, user(tool_result())], "toolConfig": TOOLS, "model": LLAMA},
        {"messages": [user("a", image())]},
        {"messages": [user("a", document("a (1) [b]-c_d"))], "model": NOVA},
        {"messages": [user("a", CACHE)], "model": NOVA},
        {"toolConfig": {"tools": [spec(), CACHE]}},
        {"inferenceConfig": {"temperature": 1}, "model": CLAUDE_5},
        {"messages": [user("a"), assistant("b")]},
        {"system": None, "toolConfig": None},
        BUDGET,
        thinking(type="adaptive") | {"model": CLAUDE_5},
        formatted('{"type": "object", "additionalProperties": false}'),
        {"additionalModelRequestFields": {"inferenceConfig": {"topK": 4}}, "model": NOVA},
        {"requestMetadata": {"client": "a-1"}, "serviceTier": {"type": "flex"}},
        {"toolConfig": choosing(any={})},
    ],
)
def test_bedrock_takes(converse: Converse, changes: dict[str, Any]) -> None:
    """A request that is near a refusal is answered."""
    answered = converse(**changes)
    assert answered.status_code == 200, answered.text
