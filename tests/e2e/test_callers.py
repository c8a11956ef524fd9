"""Browsers and Azure's clients at a stack whose settings let them call, and encoded bodies."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from openai import AzureOpenAI, BadRequestError, DefaultHttpxClient, OpenAI

from client_keys import key as client_key
from local.aws.guardrail_policy import BLOCKED_WORD
from local.demonstration import request_logs
from local.machine.paths import StateFolder
from local.stack.local_stack import LocalStack
from local.stack.start import deployed
from tests.e2e import own_settings, stack_logs
from tests.e2e.conftest import MODEL
from tests.log_checks import hunt, schema_check

pytestmark = pytest.mark.timeout(400)  # the first test waits for both stacks

ORIGIN = "https://app.example"
MESSAGES: Any = [{"role": "user", "content": "Hello"}]
BODY = {"model": MODEL, "messages": MESSAGES}
API = {"cors_origins": [ORIGIN], "key_header": "api-key", "deployment_paths": True}


@pytest.fixture(scope="module")
def azure_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack of its own, with an origin, Azure's header and Azure's paths."""
    app = own_settings.app(tmp_path_factory.mktemp("settings"), api=API)
    with deployed("echo", state=StateFolder(tmp_path_factory.mktemp("callers")), app=app) as stack:
        yield stack


@pytest.fixture
def page(azure_stack: LocalStack) -> Iterator[httpx.Client]:
    """Requests as a page in a browser sends them, relative to the stage."""
    with httpx.Client(
        base_url=azure_stack.base_url.removesuffix("/openai/v1"),
        headers={"origin": ORIGIN, **client_key.headers(azure_stack.api_key, azure_stack.key_header)},
        timeout=30,
        trust_env=False,
    ) as client:
        yield client


@pytest.fixture
def azure(azure_stack: LocalStack) -> Iterator[AzureOpenAI]:
    """Azure's client, with nothing set but the endpoint and the key."""
    with AzureOpenAI(
        azure_endpoint=azure_stack.base_url.removesuffix("/openai/v1"),
        api_key=azure_stack.api_key,
        api_version="2025-01-01-preview",
        max_retries=0,
        http_client=DefaultHttpxClient(trust_env=False),
    ) as client:
        yield client


@pytest.mark.parametrize("path", ["/openai/v1/chat/completions", "/v1/models", "/v1/files/file-1/content"])
def test_a_preflight_is_answered(page: httpx.Client, path: str) -> None:
    """A browser's preflight has no key, and is told what the page may send."""
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "api-key,content-type"}
    answer = page.options(path, headers={**asks, "api-key": ""})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert {"api-key", "content-type", "x-stainless-lang"} <= set(allowed)
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/chat/completions", BODY, 200),
        ("POST", "/v1/chat/completions", {**BODY, "stream": True}, 200),
        ("POST", "/v1/chat/completions", {}, 400),
        ("GET", "/v1/chat/completions", None, 405),
        ("POST", "/v1/responses", {}, 404),
        ("GET", "/v1/models", None, 200),
        ("GET", "/v1/files/file-none", None, 404),
    ],
)
def test_a_page_may_read_every_answer(
    page: httpx.Client, method: str, path: str, body: object, status: int
) -> None:
    """Completions, streams and errors of both functions name the origin, and let the page read the request id."""
    answer = page.request(method, path, json=body)
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "x-request-id" in answer.headers["access-control-expose-headers"]


def test_a_page_may_read_why_its_key_is_refused(page: httpx.Client) -> None:
    """API Gateway's own error has the headers too, and names the header of the key."""
    answer = page.post("/v1/chat/completions", json=BODY, headers={"api-key": "wrong"})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.json()["error"]["message"].endswith("Send your key as `api-key: <key>`.")


def test_the_key_in_another_header_is_refused(page: httpx.Client, azure_stack: LocalStack) -> None:
    """An environment has one header for keys."""
    bearer = client_key.headers(azure_stack.api_key)
    answer = page.post("/v1/chat/completions", json=BODY, headers={**bearer, "api-key": ""})
    assert answer.status_code == 401


@pytest.mark.parametrize("streams", [False, True])
def test_azures_client(azure_stack: LocalStack, azure: AzureOpenAI, streams: bool) -> None:
    """Azure's client gets an answer, and its deployment is the model."""
    if streams:
        chunks = azure.chat.completions.create(model=MODEL, messages=MESSAGES, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "echo: Hello"
        return
    completion = azure.chat.completions.create(model=MODEL, messages=MESSAGES)
    assert completion.choices[0].message.content == "echo: Hello"
    assert completion._request_id is not None
    assert request_logs.chat_line(azure_stack, completion._request_id)["model"] == MODEL


def test_azures_client_with_another_model(azure: AzureOpenAI) -> None:
    """A body that names another model than the path is refused."""
    with pytest.raises(BadRequestError, match="differs from the model in the path"):
        azure.chat.completions.create(model=MODEL, messages=MESSAGES, extra_body={"model": "other.m-1"})


@pytest.mark.parametrize("model", [MODEL, MODEL.replace(":", "%3A")])
def test_a_deployment_without_a_model_in_the_body(page: httpx.Client, model: str) -> None:
    """Azure's own API has no model in the body. A colon may be encoded."""
    path = f"/openai/deployments/{model}/chat/completions?api-version=2025-01-01-preview"
    answer = page.post(path, json={"messages": MESSAGES})
    assert (answer.status_code, answer.json()["choices"][0]["message"]["content"]) == (200, "echo: Hello")


def compressed(request: Any) -> None:
    """Sends a request's body as gzip."""
    content = gzip.compress(request.content)
    request.headers |= {"content-encoding": "gzip", "content-length": str(len(content))}
    request.stream = type(request.stream)(content)


@pytest.mark.parametrize("path", ["/v1/chat/completions", f"/openai/deployments/{MODEL}/chat/completions"])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_the_guardrail_holds(page: httpx.Client, path: str, coding: str) -> None:
    """A blocked word is found by Azure's path and in a compressed body, and no caller names another guardrail."""
    body = {**BODY, "messages": [{"role": "user", "content": f"Where do I buy {BLOCKED_WORD}?"}]}
    content = json.dumps(body).encode()
    content = gzip.compress(content) if coding == "gzip" else content
    headers = {"content-type": "application/json", "content-encoding": coding}
    answer = page.post(path, content=content, headers=headers)
    assert answer.headers.get("x-guardrail-action") == "INTERVENED", answer.text
    assert answer.json()["choices"][0]["finish_reason"] == "content_filter"
    other = {**headers, "x-amzn-bedrock-guardrailidentifier": "another"}
    refused = page.post(path, content=content, headers=other)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "guardrail_override_not_allowed")
    assert refused.headers["x-request-id"]


def test_gzip_with_the_sdk(stack: LocalStack) -> None:
    """The SDK's client may compress its requests."""
    http = DefaultHttpxClient(trust_env=False, event_hooks={"request": [compressed]})
    with OpenAI(base_url=stack.base_url, api_key=stack.api_key, max_retries=0, http_client=http) as client:
        long = "word " * 10_000
        completion = client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": long}], max_tokens=5
        )
    assert (completion.choices[0].message.content or "").startswith("echo: word")


@pytest.mark.parametrize(
    ("coding", "content", "status", "code"),
    [
        ("br", b"x", 415, "unsupported_content_encoding"),
        ("gzip", b"x", 400, "invalid_gzip"),
        ("gzip", gzip.compress(b" " * 50_000_000), 413, "request_too_large"),
    ],
)
def test_a_body_that_is_refused(
    stack: LocalStack, http: httpx.Client, coding: str, content: bytes, status: int, code: str
) -> None:
    """Another coding, wrong bytes and a bomb end in an error that says why, also in the log."""
    answer = http.post("/v1/chat/completions", content=content, headers={"content-encoding": coding})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert request_logs.chat_line(stack, answer.headers["x-request-id"])["error_code"] == code


def test_a_byte_order_mark(http: httpx.Client) -> None:
    """A body may begin with UTF-8's mark; UTF-16 is refused by name."""
    text = json.dumps(BODY)
    assert http.post("/v1/chat/completions", content=text.encode("utf-8-sig")).status_code == 200
    refused = http.post("/v1/chat/completions", content=text.encode("utf-16"))
    assert refused.status_code == 400
    assert "it looks like UTF-16" in refused.json()["error"]["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "//v1//chat/completions/"),
        ("POST", "/openai//v1/chat/completions?api-version=1"),
        ("GET", "/v1//models/"),
    ],
)
def test_slashes(http: httpx.Client, method: str, path: str) -> None:
    """Doubled and final slashes and a query lead to the same place."""
    url = httpx.URL(f"{http.base_url}".rstrip("/") + path)
    assert http.request(method, url, json=BODY if method == "POST" else None).status_code == 200


def test_no_secret_is_logged(azure_stack: LocalStack) -> None:
    """After the tests above, each line of that stack matches the schema, and none holds a key or a caller's text."""
    logged = stack_logs.by_group(azure_stack)
    lines = [line for found in stack_logs.json_lines(logged).values() for line in found]
    assert any(line.get("message") == "chat completion" for line in lines)
    assert sorted({wrong for line in lines for wrong in schema_check.wrong(line)}) == []
    assert sorted({found for line in lines for found in hunt.found_in(line)}) == []
    everything = "\n".join(logged.values())
    for text in (azure_stack.api_key, azure_stack.bedrock_api_key, BLOCKED_WORD, "echo: "):
        assert text not in everything
