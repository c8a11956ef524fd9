"""The text of a Converse request that the guardrail checks, and the text that needs another check."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.converse import guarded, request
from chat_gateway.guardrail.settings import Tagging
from tests.unit.chat_gateway.converse_bedrock import MODEL, TOOL, said, with_result

WORDS = st.text("ab \n", min_size=1, max_size=5)
PARTS = st.lists(st.builds(lambda text: {"type": "text", "text": text}, WORDS), max_size=3)
MESSAGES = st.builds(
    lambda role, content: {"role": role, "content": content},
    st.sampled_from(["user", "assistant"]),
    WORDS | PARTS,
)
KEYS = st.sampled_from(["toolUse", "input", "reasoningContent", "reasoningText", "text"])
JSON = st.recursive(
    st.none() | st.text() | st.floats(), lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)
)
SYSTEMS = st.lists(
    st.builds(lambda content: {"role": "system", "content": content}, WORDS | PARTS), max_size=2
)


def guard(text: str) -> dict[str, Any]:
    return {"guardContent": {"text": {"text": text}}}


def turns(*roles_and_content: tuple[str, list[dict[str, Any]]], **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in roles_and_content], **fields}


CONVERSATION = turns(
    ("user", [{"text": "a"}, {"text": "b"}]),
    ("assistant", [{"text": "c"}, {"toolUse": {"toolUseId": "1", "name": "f", "input": {}}}]),
    ("user", [{"toolResult": {"toolUseId": "1", "content": [{"text": "r"}]}}, {"text": "d"}]),
    ("assistant", [{"toolUse": {"toolUseId": "2", "name": "f", "input": {}}}]),
    ("user", [{"toolResult": {"toolUseId": "2", "content": [{"text": "s"}]}}]),
    system=[{"text": "x"}, {"cachePoint": {"type": "default"}}, {"text": "y"}],
)


@pytest.mark.parametrize(
    ("tagging", "checked"),
    [
        (Tagging.OFF, "xyabcd"),
        (Tagging.ALL_TEXT, "xyabcd"),
        (Tagging.USER_TURNS, "abd"),
        (Tagging.LATEST_USER_TURN, "d"),
    ],
)
def test_tagging(tagging: Tagging, checked: str) -> None:
    """Each setting wraps what it names, and a turn of tool results only is no user's turn."""
    body = guarded.wrapped(CONVERSATION, tagging)
    content = [*body["system"], *(block for turn in body["messages"] for block in turn["content"])]
    wrapped = [block["guardContent"]["text"]["text"] for block in content if "guardContent" in block]
    assert "".join(wrapped) == checked
    assert guarded.checked_tagging(CONVERSATION, tagging) is tagging


@given(SYSTEMS, st.lists(MESSAGES, max_size=4), st.sampled_from([Tagging.OFF, Tagging.ALL_TEXT]))
def test_no_text_is_left_out(systems: list[Any], messages: list[Any], tagging: Tagging) -> None:
    """Under `off` and `all_text` no text of a system prompt or message stands outside of `guardContent`."""
    first = {"role": "user", "content": "a"}
    body = request.translated({"messages": [*systems, first, *messages]}, model=MODEL).body
    wrapped = guarded.wrapped(body, guarded.checked_tagging(body, tagging))
    assert '{"text": "' not in json.dumps(wrapped).replace('{"guardContent": {"text": {"text": "', "")
    assert json.dumps(wrapped).count("guardContent") == json.dumps(body).count('{"text": "')


@pytest.mark.parametrize("tagging", [Tagging.USER_TURNS, Tagging.LATEST_USER_TURN])
def test_nothing_to_wrap(tagging: Tagging) -> None:
    """If no user says anything, everything is checked."""
    body = turns(("user", [{"image": {}}]), ("assistant", [{"text": "c"}]), system=[{"text": "x"}])
    assert guarded.checked_tagging(body, tagging) is Tagging.ALL_TEXT


def test_wrapping_copies() -> None:
    """The body that was translated stays as it is."""
    before = json.dumps(CONVERSATION)
    guarded.wrapped(CONVERSATION, Tagging.OFF)
    assert json.dumps(CONVERSATION) == before


def elsewhere(document: dict[str, Any], tagging: Tagging = Tagging.OFF) -> list[str]:
    text = guarded.elsewhere(document, request.translated(document, model=document["model"]).body, tagging)
    return text.split("\n") if text else []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"model": "anthropic.claude-sonnet-4-5-20250929-v1:0", "reasoning_effort": "xhigh", "temperature": 1},
        {"seed": 1, "temperature": 0.5, "top_p": 1, "stop": ["x"], "user": "me"},
        {"prediction": {"type": "content", "content": "hi"}, "metadata": {"a": "b"}, "prompt_cache_key": "k"},
        {"stream": True, "stream_options": {"include_usage": True}, "service_tier": "flex"},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "5m"}}
                    ],
                }
            ]
        },
    ],
)
def test_plain_request_needs_no_check(fields: dict[str, Any]) -> None:
    """A request without tools has nothing that Converse leaves out, so that it costs no second call."""
    assert elsewhere(said(**fields)) == []


def test_all_of_a_tool_is_checked() -> None:
    """Names, descriptions, schemas and their values are checked, also if they are written with escapes."""
    schema = {"type": "object", "properties": {"key": {"enum": ["v\\u0061lue", 4711], "description": "text"}}}
    function = {"name": "name", "description": "words", "parameters": schema}
    found = elsewhere(said(tools=[{"type": "function", "function": function}]))
    assert {"words", "key", "v\\u0061lue", "value", "4711"} <= set(found)


def test_names_of_calls_are_checked() -> None:
    """The name and the id of an earlier call are checked here, its arguments as a text of their own."""
    document = with_result("r", arguments='{"a": "SECRET"}')
    document["messages"][1]["tool_calls"][0]["function"]["name"] = "made_up"
    found = elsewhere(document)
    assert {"made_up", "call_1"} <= set(found)
    assert "SECRET" not in "".join(found)


@pytest.mark.parametrize("name", ["bad.word", "a_" * 24 + "badword" + "z" * 20])
def test_changed_names_are_checked_as_sent(name: str) -> None:
    """A name whose characters are replaced, or that is cut, could become a blocked word."""
    document = said(tools=[{"type": "function", "function": {"name": name}}])
    (sent,) = request.translated(document, model=MODEL).tool_names
    assert {name, sent} <= set(elsewhere(document))


def test_changed_ids_are_checked_as_sent() -> None:
    document = with_result("r")
    document["messages"][1]["tool_calls"][0]["id"] = document["messages"][2]["tool_call_id"] = "bad word"
    assert any(text.startswith("bad_word_") for text in elsewhere(document))


def with_file(content: bytes, *, name: str = "", kind: str = "text/plain") -> dict[str, Any]:
    url = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    file = {"file_data": url, "filename": name}
    parts = [{"type": "text", "text": "a"}, {"type": "file", "file": file}]
    return said(messages=[{"role": "user", "content": parts}])


@pytest.mark.parametrize("tagging", list(Tagging))
def test_names_of_files_are_checked_as_sent(tagging: Tagging) -> None:
    """A name loses its underscores, so two words become a phrase; each setting checks what a user sends."""
    assert "bad phrase" in elsewhere(with_file(b"x", name="bad_phrase.txt"), tagging)


@pytest.mark.parametrize("tagging", [Tagging.USER_TURNS, Tagging.LATEST_USER_TURN])
def test_files_of_users_turns(tagging: Tagging) -> None:
    """The reduced checks check the files of the turns that they name, and nothing else of the request."""
    document = with_file(b"SECRET", name="n.txt") | {"tools": [TOOL]}
    assert elsewhere(document, tagging) == ["n", "SECRET"]
    document["messages"] += [{"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    assert elsewhere(document, tagging) == (["n", "SECRET"] if tagging is Tagging.USER_TURNS else [])


def checked(document: dict[str, Any]) -> list[str]:
    body = request.translated(document, model=MODEL).body
    return guarded.texts(guarded.results_and_arguments(body))


@pytest.mark.parametrize(
    ("result", "decoded"),
    [
        ("plain", None),
        (r"\u0053ECRET", "SECRET"),
        (r'{"a": "line\nSECRET"}', "a\nline\nSECRET"),
        (r'[{"a": "\u0053ECRET"}]', "a\nSECRET"),
        (r'{"a": "\u0053ECRET", "a": "x"}', '{"a": "SECRET", "a": "x"}'),
        (r"\ud83d\ude00 \ud83d", "\U0001f600 \ufffd"),
    ],
)
def test_escapes_hide_nothing(result: str, decoded: str | None) -> None:
    """A tool's result with escapes is checked as it is, and decoded."""
    assert checked(with_result(result)) == [result] + ([] if decoded is None else [decoded])


def test_arguments_are_checked_as_sent() -> None:
    """The model gets the arguments parsed, so they are checked parsed, and with their line breaks."""
    texts = checked(with_result("r", arguments=r'{"\u0061": "x\nSECRET", "n": 4711}'))
    assert texts == [r'{"a": "x\nSECRET", "n": 4711}', "r", "a\nx\nSECRET\nn\n4711"]


def test_empty_arguments_are_no_text() -> None:
    assert checked(with_result("r", arguments="{}")) == ["r"]


def test_masked_texts_take_their_places() -> None:
    """A masked result is text, and masked arguments are an object again."""
    body = request.translated(with_result("SECRET", arguments='{"a": "SECRET"}'), model=MODEL).body
    found = guarded.results_and_arguments(body)
    assert guarded.replace(found, ['{"a": "{WORD}"}', "{WORD}"])
    assert body["messages"][1]["content"][0]["toolUse"]["input"] == {"a": "{WORD}"}
    assert body["messages"][2]["content"][0]["toolResult"]["content"] == [{"text": "{WORD}"}]


@pytest.mark.parametrize("masked", ["{WORD}", '["{WORD}"]', '{"a": 1, "a": 2}', "", "[" * 5000])
def test_arguments_stay_an_object(masked: str) -> None:
    """Masked arguments that are no JSON object are not put back."""
    body = request.translated(with_result("r", arguments='{"a": "SECRET"}'), model=MODEL).body
    assert not guarded.replace(guarded.results_and_arguments(body), [masked, "r"])


@pytest.mark.parametrize(
    ("masked", "fits"),
    [
        ([r"caf\u00e9 {WORD}", "café {WORD}"], True),
        ([r"caf\u00e9 SECRET", "café {WORD}"], False),
        ([r"caf\u00e9 {WORD}"], False),
    ],
)
def test_decoded_text_is_masked_alike(masked: list[str], fits: bool) -> None:
    """If only the decoded form is masked, the text as sent would still hold the word."""
    body = request.translated(with_result(r"caf\u00e9 SECRET"), model=MODEL).body
    assert guarded.replace(guarded.results_and_arguments(body), masked) is fits


def test_both_kinds_of_one_block() -> None:
    """A block that holds both arguments and reasoning hides neither."""
    block = {"toolUse": {"input": {"a": 1}}, "reasoningContent": {"reasoningText": {"text": "why"}}}
    assert guarded.texts(guarded.arguments_and_reasoning([block], ())) == ['{"a": 1}', "why"]


@given(JSON)
def test_any_answer_is_read(value: Any) -> None:
    blocks = [block for block in (value if isinstance(value, list) else [value]) if isinstance(block, dict)]
    texts = guarded.texts(guarded.arguments_and_reasoning(blocks, ()))
    assert all(isinstance(text, str) for text in texts)


def test_tools_of_a_request_without_any() -> None:
    assert elsewhere(said(tools=[TOOL]))[0] == "look_up"
