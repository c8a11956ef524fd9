"""Tools, and the choice between them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.chat_gateway.converse.translations import (
    CLAUDE,
    CLAUDE_3,
    HIDDEN,
    LLAMA,
    NOVA,
    TITAN,
    UNSUPPORTED,
    body,
    call,
    calls,
    refusal,
    result,
    tool,
    translated,
    user,
)

TOOLS = [tool("add"), tool("files.read")]
USED = [user(), calls(call()), result()]
NAMED = {"type": "function", "function": {"name": "files.read"}}
OPUS_5_5, MISTRAL_LARGE = "us.anthropic.claude-opus-5-5", "mistral.mistral-large-2407-v1:0"


def allowed(*names: str, mode: str = "auto") -> dict[str, Any]:
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": tools}}


def test_a_tool_is_a_spec() -> None:
    """A tool's name, description and schema go up."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "$defs": {}}
    (sent,) = body(tools=[tool(description="Adds.", parameters=schema)])["toolConfig"]["tools"]
    spec = {"name": "add", "description": "Adds.", "inputSchema": {"json": schema}}
    assert sent == {"toolSpec": spec}


@pytest.mark.parametrize("description", [None, "", " "])
def test_a_tool_without_description_has_its_name(description: str | None) -> None:
    """A blank description, which Bedrock refuses, becomes the caller's name of the tool."""
    (sent,) = body(tools=[tool("a.b", description=description)])["toolConfig"]["tools"]
    assert sent["toolSpec"]["description"] == "a.b"


@pytest.mark.parametrize("schema", [None, {}, {"properties": {}}, {"type": None}])
def test_a_schemas_root_is_an_object(schema: object) -> None:
    """A schema without a type gets one."""
    (sent,) = body(tools=[tool(parameters=schema)])["toolConfig"]["tools"]
    assert sent["toolSpec"]["inputSchema"]["json"] == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("model", "is_sent"), [(CLAUDE, True), (OPUS_5_5, False), (NOVA, False), (HIDDEN, False)]
)
def test_strict_tools(model: str, is_sent: bool) -> None:
    """`strict` goes to the families that take it."""
    (sent,) = body(model=model, tools=[tool(strict=True)])["toolConfig"]["tools"]
    assert sent["toolSpec"].get("strict", False) is is_sent


@pytest.mark.parametrize(
    ("tools", "param"),
    [
        ("x", "tools"),
        ([7], "tools[0]"),
        ([{"type": "custom", "custom": {"name": "x"}}], "tools[0].type"),
        ([{"type": "web_search"}], "tools[0].type"),
        ([{"type": "function"}], "tools[0].function"),
        ([tool("")], "tools[0].function.name"),
        ([tool(), tool()], "tools[1].function.name"),
        ([tool(description=7)], "tools[0].function.description"),
        ([tool(parameters=[])], "tools[0].function.parameters"),
        ([tool(parameters={"type": "string"})], "tools[0].function.parameters.type"),
        ([tool(x=1)], "tools[0].function.x"),
        ([tool() | {"x": 1}], "tools[0].x"),
    ],
)
def test_other_tools_are_refused(tools: object, param: str) -> None:
    """A tool that Converse cannot take is refused by its place."""
    assert refusal(tools=tools).param == param


def test_no_tools_are_no_config() -> None:
    """An empty list of tools, and a choice that needs none, send nothing."""
    assert body(tools=[], tool_choice="auto") == body(tool_choice="none") == body()


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, None),
        ("auto", None),
        ("required", {"any": {}}),
        (allowed("add", "files.read"), None),
        (allowed("add", mode="required"), {"any": {}}),
    ],
)
def test_choices(choice: object, sent: object) -> None:
    """`auto` is Converse's default and not sent; `required` has Converse's word."""
    assert body(tools=TOOLS, tool_choice=choice)["toolConfig"].get("toolChoice") == sent


def test_a_named_tool_has_its_sent_name() -> None:
    """A choice of a tool whose name was changed goes up with the changed name."""
    request = translated(tools=TOOLS, tool_choice=NAMED)
    chosen = request.body["toolConfig"]["toolChoice"]["tool"]["name"]
    assert request.tool_names == {chosen: "files.read"}


def test_allowed_tools_are_the_only_ones() -> None:
    """Tools that are not allowed are not offered; if messages have calls of them, that is refused."""
    sent = body(tools=TOOLS, tool_choice=allowed("files.read"))["toolConfig"]["tools"]
    assert [one["toolSpec"]["description"] for one in sent] == ["files.read"]
    error = refusal(USED, tools=TOOLS, tool_choice=allowed("files.read"))
    assert (error.param, error.code) == ("tool_choice.allowed_tools", UNSUPPORTED)


@pytest.mark.parametrize(
    ("tools", "choice", "param"),
    [
        (None, "required", "tool_choice"),
        (None, NAMED, "tool_choice"),
        ([tool()], NAMED, "tool_choice"),
        ([tool()], "any", "tool_choice"),
        ([tool()], 7, "tool_choice"),
        ([tool()], {}, "tool_choice"),
        ([tool()], {"type": "function"}, "tool_choice"),
        ([tool()], {"type": "custom", "custom": {"name": "x"}}, "tool_choice"),
        ([tool()], {"type": []}, "tool_choice"),
        ([tool()], {"type": "allowed_tools"}, "tool_choice.allowed_tools.mode"),
        ([tool()], allowed("add", mode="none"), "tool_choice.allowed_tools.mode"),
        ([tool()], allowed(), "tool_choice.allowed_tools.tools"),
        ([tool()], allowed("sub"), "tool_choice.allowed_tools.tools"),
        (
            [tool()],
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": 7}},
            "tool_choice.allowed_tools.tools",
        ),
        (
            [tool()],
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [7]}},
            "tool_choice.allowed_tools.tools[0]",
        ),
    ],
)
def test_other_choices_are_refused(tools: Any, choice: object, param: str) -> None:
    """A choice that is malformed or that no tool satisfies is refused."""
    assert refusal(tools=tools, tool_choice=choice).param == param


@pytest.mark.parametrize(
    ("model", "choice", "is_possible"),
    [
        (MISTRAL_LARGE, "required", True),
        (MISTRAL_LARGE, NAMED, False),
        (LLAMA, "required", False),
        (LLAMA, "auto", True),
        (OPUS_5_5, "required", False),
        (NOVA, NAMED, True),
    ],
)
def test_a_familys_choices(model: str, choice: object, is_possible: bool) -> None:
    """A choice that a family lacks is refused, and not sent as another one."""
    if is_possible:
        assert body(model=model, tools=TOOLS, tool_choice=choice)
    else:
        error = refusal(model=model, tools=TOOLS, tool_choice=choice)
        assert (error.param, error.code) == ("tool_choice", UNSUPPORTED)


def test_a_family_without_tools() -> None:
    """Tools are refused by the name of a family without tools, unless they are not to be used."""
    error = refusal(model=TITAN, tools=[tool()])
    assert (error.param, error.code) == ("tools", UNSUPPORTED)
    assert "Titan Text" in error.message
    assert "toolConfig" not in body(model=TITAN, tools=[tool()], tool_choice="none")


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (None, {"type": "auto"}),
        ("required", {"type": "any"}),
        ({"type": "function", "function": {"name": "add"}}, {"type": "tool", "name": "add"}),
    ],
)
def test_one_call_at_most(choice: object, sent: dict[str, str]) -> None:
    """Claude is told to make one call at most, in the place of Converse's choice."""
    request = body(tools=TOOLS, tool_choice=choice, parallel_tool_calls=False)
    single = {"tool_choice": {**sent, "disable_parallel_tool_use": True}}
    assert request["additionalModelRequestFields"] == single
    assert "toolChoice" not in request["toolConfig"]


def test_one_call_at_most_elsewhere() -> None:
    """Other families cannot be told so, and refuse it, unless there are no tools."""
    for model in (CLAUDE_3, NOVA, LLAMA, HIDDEN):
        assert refusal(model=model, tools=TOOLS, parallel_tool_calls=False).param == "parallel_tool_calls"
        assert body(model=model, parallel_tool_calls=False) == body(model=model)
        assert body(model=model, tools=TOOLS, parallel_tool_calls=True) == body(model=model, tools=TOOLS)
    assert refusal(parallel_tool_calls="no").param == "parallel_tool_calls"
    assert refusal(model=OPUS_5_5, tools=TOOLS, tool_choice="required", parallel_tool_calls=False)


@pytest.mark.parametrize("model", [CLAUDE_3, NOVA, HIDDEN])
def test_one_named_call_elsewhere(model: str) -> None:
    """A caller who names the tool may forbid a second call: LangChain does so for structured output."""
    named = {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "add"}}}
    request = body(model=model, parallel_tool_calls=False, **named)
    assert request == body(model=model, **named)
    assert request["toolConfig"]["toolChoice"] == {"tool": {"name": "add"}}
