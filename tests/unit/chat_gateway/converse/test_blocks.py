"""The parts of a message's content."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.chat_gateway.converse.media_samples import PDF, PNG, data_url
from tests.unit.chat_gateway.converse.translations import (
    LLAMA,
    UNSUPPORTED,
    assistant,
    body,
    call,
    calls,
    refusal,
    result,
    turns,
    user,
)

NOVA_MICRO = "us.amazon.nova-micro-v1:0"
IMAGE = {"type": "image_url", "image_url": {"url": data_url(PNG), "detail": "high"}}
FILE = {"type": "file", "file": {"file_data": data_url(PDF, "application/pdf"), "filename": "a.pdf"}}
TEXT = {"type": "text", "text": "What is it?"}


def test_a_users_parts() -> None:
    """Texts, images and files of a user become blocks in their order."""
    (_, content) = turns([user([TEXT, IMAGE, FILE])])[0]
    assert [next(iter(block)) for block in content] == ["text", "image", "document"]


def test_a_file_needs_a_text() -> None:
    """A file without a text in its turn is refused; a neighbour's text is enough."""
    assert refusal([user([FILE])]).param == "messages[0]"
    assert (
        refusal([user(), assistant("x"), user([FILE, {"type": "text", "text": " "}])]).param == "messages[2]"
    )
    assert len(turns([user([FILE]), user("What is it?")])) == 1


@pytest.mark.parametrize(("part", "model"), [(IMAGE, LLAMA), (IMAGE, NOVA_MICRO), (FILE, NOVA_MICRO)])
def test_a_family_without_media(part: dict[str, Any], model: str) -> None:
    """Media that the family cannot read are refused by the family's name."""
    error = refusal([user([TEXT, part])], model=model)
    assert (error.param, error.code) == ("messages[0].content[1]", UNSUPPORTED)
    assert ("Nova Micro" if model == NOVA_MICRO else "Llama 3.1") in error.message


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}, ""),
        ({"type": "refusal", "refusal": "No"}, ""),
        ({"type": "guardContent", "guardContent": {}}, ""),
        ({"type": "é"}, ""),
        ({"type": []}, ""),
        ({"text": "x"}, ""),
        ("x", ""),
        (None, ""),
        ({"type": "text"}, ".text"),
        ({"type": "text", "text": 7}, ".text"),
        ({"type": "text", "text": "x", "guardContent": {}}, ".guardContent"),
        ({"type": "image_url", "image_url": "https://example.com/a.png"}, ".image_url"),
        ({"type": "image_url", "image_url": {}}, ".image_url.url"),
        ({"type": "image_url", "image_url": {"url": data_url(PNG), "format": "png"}}, ".image_url.format"),
        ({"type": "file", "file": {"file_id": "file-1"}}, ".file.file_id"),
        ({"type": "file", "file": {}}, ".file.file_data"),
        ({"type": "file", "file": {"file_data": "JVBERi0xLjQK"}}, ".file.file_data"),
        ({"type": "file", "file": 7}, ".file"),
        ({"type": "file"}, ".file"),
    ],
)
def test_other_parts_are_refused(part: object, place: str) -> None:
    """A part that Converse cannot take is refused by its place."""
    assert refusal([user([TEXT, part])]).param == f"messages[0].content[1]{place}"


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([{"role": "system", "content": [IMAGE]}, user()], "messages[0].content[0]"),
        ([user(), assistant([IMAGE])], "messages[1].content[0]"),
        ([user(), calls(call()), result(content=[TEXT, FILE])], "messages[2].content[1]"),
        ([user({"text": "x"})], "messages[0].content"),
        ([user(7)], "messages[0].content"),
    ],
)
def test_media_are_a_users(messages: list[Any], param: str) -> None:
    """Only a user's message may have images and files, and content is a string or a list."""
    assert refusal(messages).param == param


def test_every_text_of_a_result_is_kept() -> None:
    """A result's parts become its texts."""
    history = [user(), calls(call()), result(content=[TEXT, {"type": "text", "text": ""}, TEXT])]
    assert (
        body(history)["messages"][2]["content"][0]["toolResult"]["content"] == [{"text": "What is it?"}] * 2
    )
