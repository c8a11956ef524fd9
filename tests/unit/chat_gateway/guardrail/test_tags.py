"""Input tags: the text that each rule tags, and the refusal of a caller's own tags."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat_gateway.core import strict_json
from chat_gateway.core.errors import InvalidRequestError
from chat_gateway.guardrail import tags as guardrail_tags
from chat_gateway.guardrail.settings import Tagging
from tests.unit.chat_gateway.tagged_texts import CLOSE, OPEN, PAIR, texts, texts_in_tags

CONVERSATION: list[dict[str, Any]] = [
    {"role": "system", "content": "be brief"},
    {"role": "user", "content": "first"},
    {"role": "assistant", "content": "answer"},
    {"role": "user", "content": [{"type": "text", "text": "second"}, {"type": "text", "text": "third"}]},
    {"role": "user", "content": "fourth"},
]


def tagged(messages: list[dict[str, Any]], tagging: Tagging, **fields: Any) -> dict[str, Any] | None:
    return guardrail_tags.tagged({"model": "m", "messages": messages, **fields}, tagging, "s1")


@pytest.mark.parametrize(
    ("tagging", "checked"),
    [
        (Tagging.ALL_TEXT, ["be brief", "first", "answer", "second", "third", "fourth"]),
        (Tagging.USER_TURNS, ["first", "second", "third", "fourth"]),
        (Tagging.LATEST_USER_TURN, ["second", "third", "fourth"]),
    ],
)
def test_the_text_that_the_rule_names_is_tagged_part_by_part(tagging: Tagging, checked: list[str]) -> None:
    assert texts_in_tags(tagged(CONVERSATION, tagging)) == checked


def test_without_the_tags_the_conversation_is_as_it_was() -> None:
    document = tagged(CONVERSATION, Tagging.ALL_TEXT)
    untagged = json.dumps(document).replace(OPEN, "").replace(CLOSE, "")
    assert json.loads(untagged)["messages"] == CONVERSATION


def test_the_latest_user_turn_is_found_behind_tool_results() -> None:
    later = [{"role": "assistant", "content": "calling"}, {"role": "tool", "content": "result"}]
    assert texts_in_tags(tagged([*CONVERSATION, *later], Tagging.LATEST_USER_TURN)) == [
        "second",
        "third",
        "fourth",
    ]


def test_tool_results_are_tagged_where_all_text_is() -> None:
    messages = [*CONVERSATION[:2], {"role": "tool", "tool_call_id": "c1", "content": "22 degrees"}]
    assert "22 degrees" in texts_in_tags(tagged(messages, Tagging.ALL_TEXT))


def test_blank_text_is_not_tagged() -> None:
    document = tagged([{"role": "system", "content": " "}, *CONVERSATION[1:2]], Tagging.ALL_TEXT)
    assert document is not None
    assert document["messages"][0]["content"] == " "


TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string", "enum": ["Rome"]}}},
    },
}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"R\\u006fme"}'}}


def test_what_stands_where_no_tag_can_is_repeated_in_tags() -> None:
    calling = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    document = tagged([*CONVERSATION[:2], calling], Tagging.ALL_TEXT, tools=[TOOL])
    assert document is not None
    repeated = texts_in_tags(document)[2].splitlines()[1:]
    assert repeated == [
        "c1",
        "weather",
        '{"city":"R\\u006fme"}',
        '{"city":"Rome"}',
        "Tells the weather",
        "city",
        "Rome",
    ]
    assert document["tools"] == [TOOL]


@pytest.mark.parametrize("first", ["hi", [{"type": "text", "text": "hi"}], None])
def test_it_is_repeated_at_the_end_of_the_users_first_message(first: object) -> None:
    system = {"role": "system", "content": "be brief"}
    document = tagged([system, {"role": "user", "content": first}], Tagging.ALL_TEXT, tools=[TOOL])
    assert document is not None
    assert "Tells the weather" in PAIR.findall(texts({"messages": document["messages"][1:]})[-1])[-1]
    assert PAIR.findall(document["messages"][0]["content"]) == ["be brief"]


def test_without_a_user_it_is_repeated_in_the_first_message() -> None:
    document = tagged([{"role": "system", "content": "be brief"}], Tagging.ALL_TEXT, tools=[TOOL])
    assert "Tells the weather" in texts_in_tags(document)[-1]


@pytest.mark.parametrize(
    "part",
    [
        {"text": "untyped"},
        {"type": "input_text", "text": "untyped"},
        "untyped",
        {"type": "file", "file": {"filename": "untyped"}},
        {"type": "image_url", "image_url": {"url": "data:text/plain,untyped"}},
    ],
)
@pytest.mark.parametrize("tagging", [Tagging.ALL_TEXT, Tagging.USER_TURNS, Tagging.LATEST_USER_TURN])
def test_what_a_user_says_in_any_other_part_is_checked_too(part: object, tagging: Tagging) -> None:
    said = [{"type": "text", "text": "hi"}, part]
    (_, repeated) = texts_in_tags(tagged([{"role": "user", "content": said}], tagging))
    assert "untyped" in repeated


def media(kind: str, key: str, value: object) -> dict[str, Any]:
    return {"type": kind, kind: {key: value}}


IMAGE, AUDIO, FILE = ("image_url", "url"), ("input_audio", "data"), ("file", "file_data")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (IMAGE, "data:image/png;base64,AAAA"),
        (IMAGE, "data:image/jpeg;base64," + "QUJD" * 1000 + "QQ=="),
        (AUDIO, "A" * 64),
        (FILE, "QUI="),
        (FILE, "data:application/pdf;base64,+/+/"),
    ],
)
def test_media_are_not_repeated(place: tuple[str, str], value: str) -> None:
    """The base64 of an image, a sound or a file is not text in the place that the API gives it."""
    said = [{"type": "text", "text": "hi"}, media(*place, value)]
    assert texts_in_tags(tagged([{"role": "user", "content": said}], Tagging.ALL_TEXT)) == ["hi"]


WORDS = "untyped" * 12  # as long as a multiple of four, and nothing but letters


@pytest.mark.parametrize(
    "part",
    [
        media("file", "filename", WORDS),
        media("file", "file_id", f"data:image,{WORDS}"),
        media("file", "file_data", f"{WORDS}!"),
        media("file", "file_data", f"{WORDS}a"),
        media("file", "file_data", f"data:image/png,{WORDS}"),
        media("file", "file_data", f"data:image/png;{WORDS};base64,AAAA"),
        media("input_audio", "format", WORDS),
        media("input_audio", "data", f"data:audio/{WORDS};base64,AAAA"),
        media("image_url", "url", WORDS),
        media("image_url", "detail", WORDS),
        media("image_url", "url", f"data:image/{WORDS},AAAA"),
        media("image_url", "url", f"data:image/{'a' * 200}{WORDS};base64,AAAA"),
        media("image_url", "url", f"data:image/png;base64,{WORDS},AAAA"),
        media("image_url", "url", [f"data:image/png;base64,{WORDS}"]),
        media("image_url", "URL", f"data:image/png;base64,{WORDS}"),
        {"type": "file", "image_url": {"url": f"data:image/png;base64,{WORDS}"}},
        {"type": "image_url", "image_url": f"data:image/png;base64,{WORDS}"},
        {"type": "text", "text": "hi", "file": {"file_data": WORDS}},
        {"type": ["file"], "file": {"file_data": WORDS}},
    ],
)
def test_words_beside_media_are_checked(part: dict[str, Any]) -> None:
    """A string that only looks encoded is text outside the three places, and inside them if it is not base64."""
    said = [{"type": "text", "text": "hi"}, part]
    assert "untyped" in texts_in_tags(tagged([{"role": "user", "content": said}], Tagging.ALL_TEXT))[-1]


@pytest.mark.parametrize(
    "fields", [{"reasoning_effort": "high and untyped"}, {"tools": [{"enum": [41111]}]}, {"new": "untyped"}]
)
def test_other_fields_that_could_reach_the_prompt_are_checked(fields: dict[str, Any]) -> None:
    repeated = texts_in_tags(tagged(CONVERSATION[:2], Tagging.ALL_TEXT, **fields))[-1]
    assert "untyped" in repeated or "41111" in repeated


def test_two_escapes_in_a_tool_call_are_read_as_the_one_character_they_are() -> None:
    arguments = json.dumps({"t": "ok \N{GRINNING FACE}"})
    call = {"function": {"name": "f", "arguments": arguments}}
    document = tagged([*CONVERSATION[:2], {"role": "assistant", "tool_calls": [call]}], Tagging.ALL_TEXT)
    assert document is not None
    assert "ok \N{GRINNING FACE}" in texts_in_tags(document)[-1]
    strict_json.dumps(document)


def test_a_plain_request_has_nothing_to_repeat() -> None:
    fields = {
        "temperature": 0.5,
        "user": "someone",
        "stop": ["x"],
        "response_format": {"type": "json_object"},
    }
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    messages = [*CONVERSATION, {"role": "user", "content": [image]}]
    assert texts_in_tags(tagged(messages, Tagging.ALL_TEXT, **fields)) == [
        "be brief",
        "first",
        "answer",
        "second",
        "third",
        "fourth",
    ]


@pytest.mark.parametrize("message", ["Hi", 1, None, ["a"], {"content": {"text": "Hi"}}])
def test_a_message_of_no_known_shape_is_refused(message: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        tagged([message], Tagging.ALL_TEXT)
    assert caught.value.param == "messages"


@pytest.mark.parametrize(
    "content",
    [
        b"<amazon-bedrock-guardrails-guardContent_xyz>",
        b"</AMAZON-BEDROCK-GUARDRAILS-GUARDCONTENT_xyz>",
        b"amazon-bedrock-guardrails-guardContent",
    ],
)
def test_a_callers_input_tag_anywhere_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        guardrail_tags.check({}, b'{"messages":["' + content + b'"]}')
    assert caught.value.code == "guardrail_tag_not_allowed"


HALVES = [
    {"type": "text", "text": "x <amazon-bedrock-guardrails-guard"},
    {"type": "text", "text": "Content_x>"},
]
MIXED = ["x <amazon-bedrock-guardrails-guard", {"type": "refusal", "refusal": "Content_x>"}]
ESCAPED = {
    "function": {"name": "f", "arguments": '{"a": "<amazon\\u002dbedrock-guardrails-guardContent_x>"}'}
}


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": HALVES},
        {"role": "assistant", "content": MIXED},
        {"role": "assistant", "tool_calls": [ESCAPED]},
        {"role": "assistant", "function_call": ESCAPED["function"]},
    ],
)
def test_an_input_tag_in_pieces_or_in_escapes_of_escapes_is_refused(message: dict[str, Any]) -> None:
    document = {"messages": [message]}
    with pytest.raises(InvalidRequestError):
        guardrail_tags.check(document, json.dumps(document).encode())


@pytest.mark.parametrize(
    "messages", [None, "x", [1], [{"content": 1}], [{"tool_calls": [1, {"function": 2}]}]]
)
def test_messages_of_any_shape_are_searched_without_a_fault(messages: object) -> None:
    guardrail_tags.check({"messages": messages}, b"{}")
