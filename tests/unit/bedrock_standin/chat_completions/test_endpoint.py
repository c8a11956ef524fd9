"""What a plain request gets: Bedrock's recorded shapes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.testclient import TestClient

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
    ("method", "path"),
    [("POST", "/v1/chat/completions"), ("GET", PATH), ("POST", f"{PATH}/"), ("PURGE", "/")],
)
def test_any_other_operation_answers_200_unknown_operation(
    client: TestClient, method: str, path: str
) -> None:
    response = client.request(method, path)
    assert response.status_code == 200
    assert response.json() == {
        "Output": {"__type": "com.amazon.coral.service#UnknownOperationException"},
        "Version": "1.0",
    }
    assert response.headers["x-amzn-requestid"]


def test_every_answer_has_its_own_request_id(ask: Ask) -> None:
    answers = [ask(), ask(model="nova"), ask(headers={"authorization": "Bearer wrong"}), ask(stream=True)]
    ids = {answer.headers["x-amzn-requestid"] for answer in answers}
    assert len(ids) == len(answers)


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer wrong", "Basic made-up-key", "Bearer made-up-key2"]
)
def test_a_wrong_key_is_403_with_a_capital_message(ask: Ask, authorization: str) -> None:
    response = ask(headers={"authorization": authorization})
    assert response.status_code == 403
    assert response.json() == {"Message": "Authentication failed: Please make sure your API Key is valid."}


def test_the_key_is_checked_before_the_body(client: TestClient) -> None:
    assert client.post(PATH, content=b"{").status_code == 403


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"\xff", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 100_000, b'{"a": 1' + b"0" * 5000],
)
def test_a_body_that_is_not_a_json_object_is_400(client: TestClient, raw: bytes) -> None:
    response = client.post(PATH, content=raw, headers={"authorization": "Bearer made-up-key"})
    assert response.status_code == 400
    assert response.headers["x-amzn-errortype"] == "ValidationException"


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


@pytest.mark.parametrize("depth", [201, 500, 5_000, 200_000])
def test_a_body_nested_too_deeply_is_a_validation_error(client: TestClient, depth: int) -> None:
    error = (response := post_nested(client, depth)).json()["error"]
    assert (response.status_code, error["code"]) == (400, "validation_error")
    assert (
        json.loads(error["message"])["error"]["message"] == "The request body is nested more than 200 deep."
    )


def test_a_body_nested_as_deeply_as_allowed_is_answered(client: TestClient) -> None:
    assert post_nested(client, 200).status_code == 200


def post_nested(client: TestClient, depth: int) -> Response:
    """The answer to a body of that depth; the body itself is one level."""
    arrays = "[" * (depth - 1) + "]" * (depth - 1)
    message = '{"role": "user", "content": "hi"}'
    raw = f'{{"model": "openai.gpt-oss-20b-1:0", "messages": [{message}], "metadata": {arrays}}}'
    return client.post(PATH, content=raw, headers={"authorization": "Bearer made-up-key"})
