"""A plain request for a chat completion gets Bedrock's recorded shapes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.unit.bedrock_standin.conftest import Ask

PATH = "/openai/v1/chat/completions"


def test_the_answer_has_the_recorded_shape(ask: Ask) -> None:
    answer = ask("hello there").json()
    assert list(answer) == ["id", "choices", "created", "model", "service_tier", "object", "usage"]
    assert re.fullmatch(r"chatcmpl-[0-9a-f]{8}", answer["id"])
    assert answer["model"] == "openai.gpt-oss-20b-1:0"
    assert answer["choices"] == [
        {
            "finish_reason": "stop",
            "index": 0,
            "message": {"content": "echo: hello there", "role": "assistant"},
        }
    ]


def test_usage_counts_words(ask: Ask) -> None:
    answer = ask(messages=[{"role": "system", "content": "be brief"}, {"role": "user", "content": "x"}])
    assert answer.json()["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_token_limit_ends_the_echo(ask: Ask, name: str) -> None:
    choice = ask("a b c", **{name: 2}).json()["choices"][0]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("length", "echo: a")


def test_text_parts_are_read_like_a_string(ask: Ask) -> None:
    parts = [{"type": "text", "text": "héllo"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    answer = ask(messages=[{"role": "user", "content": parts}]).json()
    assert answer["choices"][0]["message"]["content"] == "echo: héllo"


@pytest.mark.parametrize(
    "changes",
    [
        {"messages": []},
        {"messages": "hi"},
        {"messages": ["hi"]},
        {"messages": [{"content": "hi"}]},
        {"messages": [{"role": "wizard", "content": "hi"}]},
        {"messages": [{"role": [], "content": "hi"}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": []}]},
        {"messages": [{"role": "user", "content": ["hi"]}]},
        {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
        {"model": None},
        {"model": 5},
        {"stream": "yes"},
        {"stream_options": {"include_usage": True}},
        {"max_tokens": 0},
        {"max_tokens": True},
    ],
)
def test_an_invalid_request_is_400_with_nested_json(ask: Ask, changes: dict[str, Any]) -> None:
    response = ask(**changes)
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "validation_error")
    assert json.loads(error["message"])["error"]["message"]
