"""A body must be a JSON object of limited depth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from httpx2 import Response
    from starlette.testclient import TestClient


PATH = "/openai/v1/chat/completions"


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"\xff", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 100_000, b'{"a": 1' + b"0" * 5000],
)
def test_a_body_that_is_not_a_json_object_is_400(client: TestClient, raw: bytes) -> None:
    response = client.post(PATH, content=raw, headers={"authorization": "Bearer made-up-key"})
    assert response.status_code == 400
    assert response.headers["x-amzn-errortype"] == "ValidationException"


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
