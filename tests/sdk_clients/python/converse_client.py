"""OpenAI's Python SDK with a model on the Converse route: media, and an error of each kind."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from tests.sdk_clients.python import samples
from tests.sdk_clients.python.conftest import CONVERSE_MODEL, Gateway

OPEN_SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}}


@pytest.fixture
def client(gateway: Gateway) -> Iterator[OpenAI]:
    with OpenAI(base_url=gateway.base_url, api_key=gateway.api_key, max_retries=0) as client:
        yield client


@pytest.fixture
def standin(gateway: Gateway) -> Iterator[httpx.Client]:
    """The controls of the stand-in for Bedrock. Faults that no request took are forgotten."""
    with httpx.Client(base_url=gateway.standin_url, trust_env=False) as http:
        yield http
        http.delete("/next-fault").raise_for_status()


def asked(content: object, **options: Any) -> dict[str, Any]:
    """The arguments of a request."""
    return {"model": CONVERSE_MODEL, "messages": [{"role": "user", "content": content}], **options}


def data_url(content: bytes, type_: str) -> str:
    return f"data:{type_};base64,{base64.b64encode(content).decode()}"


@pytest.mark.parametrize(
    ("part", "seen"),
    [
        ({"type": "image_url", "image_url": {"url": data_url(samples.PNG, "image/png")}}, "(An image: png.)"),
        (
            {
                "type": "file",
                "file": {"filename": "a report.pdf", "file_data": data_url(samples.PDF, "application/pdf")},
            },
            "(A document: a report.)",
        ),
    ],
    ids=["image", "file"],
)
def test_media(client: OpenAI, part: dict[str, Any], seen: str) -> None:
    """An image and a file reach the model. The stand-in shows them to it as a line of text."""
    content = [{"type": "text", "text": "What is this?"}, part]
    answer = client.chat.completions.create(**asked(content)).choices[0].message.content
    assert answer == f"I heard: What is this?\n{seen}"


@pytest.mark.parametrize(
    ("options", "param"),
    [({"n": 2}, "n"), ({"response_format": {"type": "json_object"}}, "response_format.type")],
    ids=["n", "json_object"],
)
def test_untranslatable(client: OpenAI, options: dict[str, Any], param: str) -> None:
    """What Converse cannot do is BadRequestError, which names the parameter."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**asked(samples.HELLO, **options))
    assert (caught.value.code, caught.value.param) == ("unsupported_parameter", param)


def test_url_of_image(client: OpenAI) -> None:
    """An image that would have to be fetched is BadRequestError."""
    part = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**asked([part]))
    assert caught.value.param == "messages[0].content[0].image_url.url"


def test_bedrocks_refusal(client: OpenAI) -> None:
    """Bedrock's own reason reaches the caller."""
    schema = {"type": "json_schema", "json_schema": {"name": "person", "schema": OPEN_SCHEMA}}
    with pytest.raises(openai.BadRequestError, match="additionalProperties"):
        client.chat.completions.create(**asked(samples.ABOUT_ALICE, response_format=schema))


def test_other_guardrail(client: OpenAI) -> None:
    """Another guardrail than the environment's is PermissionDeniedError."""
    headers = {"X-Amzn-Bedrock-GuardrailIdentifier": "other", "X-Amzn-Bedrock-GuardrailVersion": "1"}
    with pytest.raises(openai.PermissionDeniedError):
        client.chat.completions.create(**asked(samples.HELLO), extra_headers=headers)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (
            {"status": 400, "message": "Input is too long for requested model."},
            openai.BadRequestError,
            "context_length_exceeded",
        ),
        ({"status": 403}, openai.PermissionDeniedError, "upstream_access_denied"),
        ({"status": 404}, openai.NotFoundError, "model_not_found"),
        ({"status": 408}, openai.InternalServerError, "gateway_timeout"),
        ({"status": 424}, openai.InternalServerError, "model_error"),
        ({"status": 429}, openai.RateLimitError, "rate_limit_exceeded"),
        ({"status": 500}, openai.InternalServerError, None),
        ({"status": 503}, openai.InternalServerError, None),
    ],
    ids=lambda value: str(value["status"]) if isinstance(value, dict) else None,
)
def test_bedrocks_errors(
    client: OpenAI,
    standin: httpx.Client,
    fault: dict[str, Any],
    kind: type[openai.APIError],
    code: str | None,
    stream: bool,
) -> None:
    """The SDK has the right exception for each of Bedrock's errors, also before a stream."""
    fail(standin, fault, "converse-stream" if stream else "converse", requests=9)
    with pytest.raises(kind) as caught:
        client.chat.completions.create(**asked(samples.HELLO, stream=stream))
    assert caught.value.code == code


def test_error_before_first_event(client: OpenAI, standin: httpx.Client) -> None:
    """An error in a stream that has given nothing yet is an error of the request."""
    fail(standin, {"exception": {"type": "validationException"}}, "converse-stream")
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(**asked(samples.HELLO, stream=True))


@pytest.mark.parametrize(
    "fault",
    [
        {"exception": {"type": "modelStreamErrorException"}, "exception_after_events": 3},
        {"without_message_stop": True},
    ],
    ids=["exception", "cut"],
)
def test_broken_stream(client: OpenAI, standin: httpx.Client, fault: dict[str, Any]) -> None:
    """A stream that breaks after its first words raises APIError, and does not look complete."""
    fail(standin, fault, "converse-stream")
    words: list[str] = []
    with pytest.raises(openai.APIError):
        words.extend(words_of(client.chat.completions.create(**asked(samples.HELLO, stream=True))))
    assert words
    assert samples.HEARD_HELLO.startswith("".join(words))


def words_of(stream: Any) -> Iterator[str]:
    """The pieces of a stream's text."""
    for chunk in stream:
        yield from (choice.delta.content for choice in chunk.choices if choice.delta.content)


def fail(standin: httpx.Client, fault: dict[str, Any], operation: str, *, requests: int = 1) -> None:
    """The next requests of the operation get the fault."""
    wanted = {"fault": fault, "requests": requests, "operations": [operation]}
    standin.put("/next-fault", json=wanted).raise_for_status()
