"""Requests that other vendors' clients send, replayed against the deployed stack.

`client_requests.jsonl` has one request for each client and feature, without keys; long texts are replaced by their length.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import BadRequestError, OpenAI
from openai.types import FileObject, Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL

RECORDED: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("client_requests.jsonl").read_text().splitlines()
]


@pytest.fixture(scope="module")
def wire(stack: LocalStack) -> Iterator[httpx.Client]:
    """Plain HTTP without a key, relative to the stage."""
    base_url = stack.base_url.removesuffix("/openai/v1")
    with httpx.Client(base_url=base_url, timeout=30, trust_env=False) as client:
        yield client


def key_headers(recorded: dict[str, Any], api_key: str) -> dict[str, str]:
    """The client key as the recorded client sends it."""
    return {
        "bearer": {"authorization": f"Bearer {api_key}"},
        "wrong": {"authorization": "Bearer sk-none"},
        "api-key": {"api-key": api_key},
        "none": {},
    }[recorded.get("key", "bearer")]


def replayed(wire: httpx.Client, recorded: dict[str, Any], api_key: str) -> httpx.Response:
    """The gateway's answer to a recorded request."""
    content = json.dumps(recorded["body"]).encode() if "body" in recorded else None
    headers = recorded["headers"] | key_headers(recorded, api_key)
    return wire.request(recorded["method"], recorded["path"], content=content, headers=headers)


def check_completion(answer: httpx.Response) -> None:
    """Asserts that OpenAI's own types read the answer in one piece."""
    assert ChatCompletion.model_validate(answer.json()).choices


def check_stream(answer: httpx.Response) -> None:
    """Asserts that OpenAI's own types read every event, and that the stream is whole."""
    *events, last = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    assert last == "[DONE]"
    chunks = [ChatCompletionChunk.model_validate_json(event) for event in events]
    assert [choice for chunk in chunks for choice in chunk.choices if choice.finish_reason]


def check_models(answer: httpx.Response) -> None:
    """Asserts that OpenAI's own types read every model of a list."""
    document = answer.json()
    assert document["object"] == "list"
    assert [Model.model_validate(model, strict=True) for model in document["data"]]


def check_files(answer: httpx.Response) -> None:
    """Asserts that OpenAI's own types read every file of a list."""
    document = answer.json()
    assert document["object"] == "list"
    for file in document["data"]:
        FileObject.model_validate(file, strict=True)


def check_error(answer: httpx.Response, recorded: dict[str, Any]) -> None:
    """Asserts that the error has its code and the advice that the client needs."""
    if recorded["method"] == "HEAD":
        return
    error = answer.json()["error"]
    assert error["code"] == recorded["code"]
    assert recorded.get("says", "") in error["message"]


@pytest.mark.parametrize(
    "recorded", RECORDED, ids=lambda recorded: f"{recorded['client']}: {recorded['kind']}"
)
def test_a_client_gets_what_it_can_read(
    stack: LocalStack, wire: httpx.Client, recorded: dict[str, Any]
) -> None:
    """Completions and lists work with the client's defaults; other requests get an error that says what to do."""
    answer = replayed(wire, recorded, stack.api_key)
    assert answer.status_code == recorded["status"], answer.text
    if answer.is_error:
        check_error(answer, recorded)
    elif recorded["path"].endswith("/models"):
        check_models(answer)
    elif recorded["path"].endswith("/files"):
        check_files(answer)
    elif recorded["body"].get("stream"):
        check_stream(answer)
    else:
        check_completion(answer)


@pytest.mark.parametrize(
    ("model", "options", "param"),
    [
        (MODEL, {"n": 2}, "n"),
        ("us.xai.grok-4.6", {"stop": ["you"]}, "stop"),
        ("us.openai.gpt-5.6-sol", {"max_tokens": 5}, "max_tokens"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_bedrock_refuses_stays_a_400(
    client: OpenAI, model: str, options: dict[str, Any], param: str
) -> None:
    """A parameter that a model does not accept, with a value other than the default, gets Bedrock's own 400."""
    with pytest.raises(BadRequestError) as caught:
        client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hi"}], **options)
    assert caught.value.code == "validation_error"
    assert f"Unsupported parameter: '{param}'" in caught.value.message
