"""Whole requests: fifteen reports about other gateways, and every request that hypothesis finds."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat_gateway.converse import request
from chat_gateway.core.errors import InvalidRequestError
from tests import depth
from tests.unit.chat_gateway import any_requests
from tests.unit.chat_gateway.converse import converse_rules
from tests.unit.chat_gateway.converse.translations import (
    CLAUDE,
    CLAUDE_5,
    HIDDEN,
    LLAMA,
    MISTRAL_7B,
    NOVA,
    NOVA_2,
    TITAN,
    UNSUPPORTED,
    assistant,
    body,
    call,
    calls,
    refusal,
    result,
    tool,
    translated,
    turns,
    user,
)

USED = [user("1+2?"), calls(call()), result()]


def test_report_1_parallel_calls_keep_their_order() -> None:
    """Two calls after a text are two blocks behind it, in their order."""
    history = [user(), calls(call("a"), call("b"), content="Well"), result("b"), result("a")]
    (_, content) = turns(history)[1]
    assert [next(iter(block)) for block in content] == ["text", "toolUse", "toolUse"]
    assert [block["toolUse"]["toolUseId"] for block in content[1:]] == ["a", "b"]


def test_report_2_results_share_one_turn() -> None:
    """The results of one turn's calls stand in the one next turn."""
    history = [user(), calls(call("a"), call("b")), result("a"), result("b"), user("And?")]
    roles = [(role, [next(iter(block)) for block in content]) for role, content in turns(history)]
    assert roles[2:] == [("user", ["toolResult", "toolResult", "text"])]


def test_report_3_calls_without_tools_get_stand_ins() -> None:
    """If a request has earlier calls but no tools, tools of these names stand in."""
    (spec,) = body(USED)["toolConfig"]["tools"]
    assert spec["toolSpec"]["name"] == "add"
    assert "toolChoice" not in body(USED)["toolConfig"]


def test_report_4_blank_texts_are_dropped() -> None:
    """An empty text beside a call is dropped, and so is a user's turn of blanks."""
    history = [user("Hi"), user(" \n"), calls(call(), content=""), result()]
    assert turns(history)[0] == ("user", [{"text": "Hi"}])
    assert [next(iter(block)) for block in turns(history)[1][1]] == ["toolUse"]


@pytest.mark.parametrize("content", ["", " ", None, [], [{"type": "text", "text": ""}]])
def test_report_5_an_empty_result_gets_a_text(content: object) -> None:
    """A tool's result without text says so."""
    (block,) = turns([user(), calls(call()), result(content=content)])[2][1]
    assert block["toolResult"]["content"] == [{"text": "(no output)"}]


def test_report_6_text_behind_a_result() -> None:
    """Claude gets a user's text in the turn of the results; for Llama it is refused by the family's name."""
    history = [*USED, user("And?")]
    assert [next(iter(block)) for block in turns(history)[2][1]] == ["toolResult", "text"]
    error = refusal(history, model=LLAMA)
    assert (error.param, error.code) == ("messages[3]", UNSUPPORTED)
    assert "Llama 3.1 and 3.3" in error.message
    assert len(turns([*USED, assistant("3"), user("And?")], model=LLAMA)) == 5


@pytest.mark.parametrize(
    ("model", "stream", "tools", "is_replayed"),
    [
        (LLAMA, True, [tool()], True),
        (LLAMA, False, [tool()], False),
        (LLAMA, True, None, False),
        (CLAUDE, True, [tool()], False),
    ],
)
def test_report_7_llama_cannot_stream_tools(model: str, stream: bool, tools: Any, is_replayed: bool) -> None:
    """A stream with tools is replayed from a whole answer if the family cannot stream tools."""
    assert translated(model=model, stream=stream, tools=tools).is_replayed is is_replayed


def test_report_8_a_choice_is_never_weakened() -> None:
    """`required` and `none` are what they say, or are refused."""
    assert body(tools=[tool()], tool_choice="required")["toolConfig"]["toolChoice"] == {"any": {}}
    assert "toolConfig" not in body(tools=[tool()], tool_choice="none")
    assert refusal(USED, tools=[tool()], tool_choice="none").param == "tool_choice"
    assert refusal(model=LLAMA, tools=[tool()], tool_choice="required").param == "tool_choice"


def test_report_9_no_thinking_about_results() -> None:
    """Claude, which wants signed reasoning back, does not reason about results of tools."""
    assert (
        "thinking" in body([user()], tools=[tool()], reasoning_effort="low")["additionalModelRequestFields"]
    )
    assert "additionalModelRequestFields" not in body(USED, tools=[tool()], reasoning_effort="low")
    ended = [*USED, assistant("3"), user("Sure?")]
    assert "thinking" in body(ended, tools=[tool()], reasoning_effort="low")["additionalModelRequestFields"]


def test_report_10_caching_is_only_asked_for() -> None:
    """Without `cache_control` a request has no cache point."""
    assert "cachePoint" not in json.dumps(body(USED, tools=[tool()], prompt_cache_key="k"))


def test_report_12_long_names_come_back() -> None:
    """A name that Converse refuses is replaced everywhere, and the way back is known."""
    long, dotted = "mcp__" + "x" * 70, "files.read"
    history = [user(), calls(call(name=dotted)), result()]
    sent = translated(history, tools=[tool(long), tool(dotted), tool("plain")])
    names = [spec["toolSpec"]["name"] for spec in sent.body["toolConfig"]["tools"]]
    assert sent.tool_names == {names[0]: long, names[1]: dotted}
    assert sent.body["messages"][1]["content"][0]["toolUse"]["name"] == names[1]
    assert names[2] == "plain"


def test_report_14_one_of_temperature_and_top_p() -> None:
    """Claude from 4.1 on takes only one of the two; the caller is told before the model is asked."""
    error = refusal(temperature=0.2, top_p=0.9)
    assert (error.param, error.code) == ("top_p", UNSUPPORTED)
    assert "Claude 4.5" in error.message
    assert body(model=NOVA, temperature=0.2, top_p=0.9)["inferenceConfig"]["topP"] == 0.9


@pytest.mark.parametrize(
    "field", ["guardrailConfig", "guardContent", "additionalModelRequestFields", "system", "thinking", "xyz"]
)
def test_report_15_nothing_unknown_goes_up(field: str) -> None:
    """A field that is in no table is refused by its name, a guardrail's too."""
    error = refusal(**{field: {"a": 1}})
    assert (error.param, error.code) == (field, UNSUPPORTED)
    part = {"type": "text", "text": "x", field: {"a": 1}}
    assert refusal([user([part])]).param == f"messages[0].content[0].{field}"


@pytest.mark.parametrize("arguments", ["null", "[1]", "1", "{", '{"a":1', '{"a":NaN}', "[" * 99999, {}, 7])
def test_report_15_input_is_an_object(arguments: object) -> None:
    """Arguments that are no JSON object in a string are refused by their place."""
    error = refusal([user(), calls(call(arguments=arguments)), result()])
    assert error.param == "messages[1].tool_calls[0].function.arguments"


@pytest.mark.parametrize("arguments", ["", " ", None, "{}"])
def test_report_15_no_input_is_an_empty_object(arguments: object) -> None:
    """A call without arguments has an empty object as its input."""
    assert turns([user(), calls(call(arguments=arguments)), result()])[1][1][0]["toolUse"]["input"] == {}


@pytest.mark.parametrize("key", ["a b", "bcg-aaaaaaaaaaaaaaaaaaaaaaaa", "é", "x" * 300])
def test_odd_names_stay_out_of_errors(key: str) -> None:
    """An unknown field whose name is no plain name is refused without repeating it."""
    error = refusal(**{key: 1})
    assert (error.param, error.code) == (None, UNSUPPORTED)
    assert key not in error.message


def test_null_is_as_good_as_absent() -> None:
    """A field with null is treated as if it were absent, whether it is known or not."""
    assert (
        body(logprobs=None, tools=None, stop=None, response_format=None, xyz=None, temperature=None) == body()
    )


@pytest.mark.parametrize(
    ("tier", "sent"),
    [(None, None), ("auto", None), ("default", None), ("priority", "priority"), ("flex", "flex")],
)
def test_service_tiers(tier: str | None, sent: str | None) -> None:
    """OpenAI's tiers are Bedrock's, and the default is not sent."""
    assert body(service_tier=tier).get("serviceTier") == (sent and {"type": sent})


@pytest.mark.parametrize("tier", ["scale", "reserved", 7, []])
def test_other_service_tiers_are_refused(tier: object) -> None:
    """A tier that Bedrock or OpenAI lacks is refused."""
    assert refusal(service_tier=tier).param == "service_tier"


def test_a_hidden_family_can_be_told() -> None:
    """An application inference profile is allowed everything, unless the environment says its family."""
    document = {"messages": [user()], "tools": [tool()]}
    assert "toolConfig" in request.translated(document, model=HIDDEN).body
    with pytest.raises(InvalidRequestError):
        request.translated(document, model=HIDDEN, family_of=TITAN)


def test_a_deep_and_long_request_is_quick() -> None:
    """Ten thousand turns, calls and names take linear time, and a deep schema is not walked."""
    deep: Any = {}
    for _ in range(90):
        deep = {"properties": {"x": deep}}
    history = [user()]
    for index in range(10_000):
        history += [calls(call("same id", f"name.{index}")), result("same id"), user("x")]
    sent = request.translated({"messages": history, "tools": [tool(parameters=deep)]}, model=CLAUDE)
    assert len(sent.body["messages"]) == 20_001
    assert len(sent.tool_names) == 10_000


names = st.sampled_from(["add", "a.b", "x" * 70, "é", "a_b", "y", "a b"] * 5 + [""])
ids = st.sampled_from(["c1", "c2", "c 3", "é", "y" * 99, "c4", "c5"])
texts = st.sampled_from(["Hi", "Hi", "Hi", "", " ", "\ud800", "bye \n"])
PNG, PDF = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA",
    "data:application/pdf;base64,JVBERi0xLjQKJeLjz9MK",
)
parts = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, texts),
    st.builds(lambda text: {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}, texts),
    st.builds(
        lambda url: {"type": "image_url", "image_url": {"url": url}}, st.sampled_from([PNG] * 9 + [PDF])
    ),
    st.builds(
        lambda data, name: {"type": "file", "file": {"file_data": data, "filename": name}},
        st.sampled_from([PDF] * 9 + [PNG]),
        st.sampled_from(["a.pdf", "a.b.pdf", "é.pdf", "", "x" * 300, "a (2)"]),
    ),
)
contents = texts | st.none() | st.lists(parts, max_size=4)
text_contents = texts | st.none() | st.lists(parts.filter(lambda part: part["type"] == "text"), max_size=2)
a_call = st.builds(call, ids, names, st.sampled_from(["", "{}", '{"a":[1]}'] * 5 + ["x"]))


@st.composite
def rounds(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A user's message, perhaps an answer, perhaps with calls and most of their results."""
    said = [user(draw(contents))]
    called = draw(st.lists(a_call, max_size=3, unique_by=lambda one: one["id"]))
    said.append(assistant(draw(text_contents), **({"tool_calls": called} if called else {})))
    said += [result(one["id"], draw(text_contents)) for one in draw(st.permutations(called))]
    return said[: draw(st.sampled_from([len(said)] * 4 + [len(said) - 1, 1]))]


conversations = st.lists(rounds(), min_size=1, max_size=4).map(
    lambda some: [user(), *(one for part in some for one in part)]
)
MODELS = st.sampled_from([CLAUDE, CLAUDE, CLAUDE_5, CLAUDE_5, NOVA, NOVA_2, LLAMA, TITAN, MISTRAL_7B, HIDDEN])
near_fields = st.fixed_dictionaries(
    {},
    optional={
        "tools": st.lists(
            st.builds(
                lambda name, strict, schema: tool(name, strict=strict, parameters=schema),
                names,
                st.booleans(),
                st.sampled_from(
                    [None, {}, {"type": "object"}, {"properties": {}}] * 3 + [{"type": "string"}]
                ),
            ),
            max_size=3,
            unique_by=lambda one: one["function"]["name"],
        ),
        "tool_choice": st.sampled_from(
            ["auto", "none", "required", {"type": "function", "function": {"name": "add"}}]
        ),
        "parallel_tool_calls": st.booleans(),
        "max_tokens": st.sampled_from([2000, 3000, 4000, 10**400]),
        "temperature": st.sampled_from([0, 0.5, 1, 1.0]),
        "top_p": st.sampled_from([0, 0.96, 1]),
        "top_k": st.sampled_from([0, 5]),
        "stop": st.sampled_from(["x", "", ["", "y"]]),
        "reasoning_effort": st.sampled_from(["none", "minimal", "low", "high", "xhigh"]),
        "stream": st.booleans(),
    },
)


def check(document: dict[str, Any], model: str) -> None:
    """The request becomes a body that Converse accepts, or is refused, and is not changed."""
    before = copy.deepcopy(document)
    with suppress(InvalidRequestError):
        sent = request.translated(document, model=model)
        converse_rules.check(sent.body)
        assert not sent.tool_names.keys() & set(sent.tool_names.values())
    assert document == before


@given(
    st.lists(any_requests.messages | any_requests.json_values, min_size=1, max_size=4),
    any_requests.fields,
    MODELS,
)
def test_any_json_is_translated_or_refused(said: list[Any], more: dict[str, Any], model: str) -> None:
    """Any JSON becomes a body that Converse accepts, or InvalidRequestError, and is not changed."""
    check({**more, "messages": said}, model)


@settings(max_examples=1_200 if depth.IS_DEEP else 100)
@given(conversations, near_fields, MODELS)
def test_conversations_are_translated_or_refused(
    said: list[dict[str, Any]], more: dict[str, Any], model: str
) -> None:
    """The same for requests that look like a client's."""
    check({**more, "messages": said}, model)
