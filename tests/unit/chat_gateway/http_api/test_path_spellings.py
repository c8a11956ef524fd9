"""Doubled and final slashes, queries and Azure's paths lead to the chat completion that they mean, and nothing else does."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.completions.request import DEPLOYMENT_PATH
from chat_gateway.http_api import http_request, path_spellings
from tests.unit.chat_gateway.api_calls import COMPLETION, ChatCalls, event, ok
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.conftest import Asking

MODEL = VALID["model"]
UNNAMED = {key: value for key, value in VALID.items() if key != "model"}
PROFILE = (
    "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
)


def at(path: str, body: object = None, *, method: str = "POST") -> dict[str, Any]:
    """API Gateway's event at the catch-all route."""
    proxy = path.removeprefix("/")
    made = event(body, resource="/{proxy+}", method=method)
    return {**made, "path": path, "pathParameters": {"proxy": proxy}}


def of_deployment(model: str, body: object, *, method: str = "POST") -> dict[str, Any]:
    """API Gateway's event at the route of deployments."""
    made = event(body, resource=DEPLOYMENT_PATH, method=method)
    query = {"multiValueQueryStringParameters": {"api-version": ["2025-01-01-preview"]}}
    path = DEPLOYMENT_PATH.replace("{model}", model)
    return {**made, **query, "path": path, "pathParameters": {"model": model}}


def with_deployments(gateway: ChatCalls) -> ChatCalls:
    http = gateway.state.http._replace(deployment_paths=True)
    return ChatCalls(gateway.state._replace(http=http), gateway.log)


@pytest.mark.parametrize(
    "path",
    [
        "//v1/chat/completions",
        "/v1//chat/completions",
        "//v1//chat///completions//",
        "/v1/chat/completions/",
        "/openai//v1/chat/completions",
        "/openai/v1/chat/completions//",
    ],
)
def test_slashes(asking: Asking, path: str) -> None:
    """A path with slashes too many is answered as a chat completion."""
    status, _, body = asking(ok).handle(at(path))
    assert (status, body) == (200, COMPLETION)


def test_behind_a_base_path(asking: Asking) -> None:
    """A custom domain's base path, which the event's own path has, does not matter."""
    status, _, _ = asking(ok).handle({**at("/v1//chat/completions"), "path": "/llm/v1//chat/completions"})
    assert status == 200


def test_a_query_does_not_matter(asking: Asking) -> None:
    """A query string is ignored."""
    query = {"multiValueQueryStringParameters": {"api-version": ["1"]}, "queryStringParameters": {"a": "b"}}
    status, _, _ = asking(ok).handle({**event(), **query})
    assert status == 200


def test_another_method(asking: Asking) -> None:
    """A GET with slashes too many gets the error of the path that it means."""
    status, headers, _ = asking(ok).handle(at("//v1//chat/completions", method="GET"))
    assert (status, headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions/x",
        "/x/v1/chat/completions",
        "/v1/chat/./completions",
        "/v1/x/../chat/completions",
        "/V1/chat/completions",
        "/v1/chat%2Fcompletions",
        "/v1/chat\\completions",
        "/v1/chat completions",
    ],
)
def test_other_paths_stay_unknown(asking: Asking, path: str) -> None:
    """Nothing but slashes is read generously."""
    status, _, body = asking(ok).handle(at(path))
    assert (status, body["error"]["code"]) == (404, "unknown_url")


@pytest.mark.parametrize(
    "path", ["//v1/files", "/v1//files/file-1/content", "/openai/v1//models/", "/v1/files/"]
)
def test_a_resource_is_named(asking: Asking, path: str) -> None:
    """API Gateway leads such a path of another resource here. The error has the right path."""
    status, _, body = asking(ok).handle(at(path, method="GET"))
    assert status == 404
    plain = path_spellings.with_single_slashes(path).partition("/v1")[2]
    assert body["error"]["message"].endswith(f"without doubled or final slashes: /openai/v1{plain}.")


@given(st.text())
def test_any_path_is_read(path: str) -> None:
    """Reading a path again changes nothing, and no path is an error."""
    once = path_spellings.with_single_slashes(path)
    assert path_spellings.with_single_slashes(once) == once
    request = http_request.read(at(path))
    found = path_spellings.recognised(request, has_deployments=lambda: True)
    assert found.deployment is None or found.is_chat_completion
    assert path_spellings.resource(request) is None or not found.is_chat_completion


@pytest.mark.parametrize("parameters", [None, 1, [], {"proxy": 1}, {"other": "x"}])
def test_malformed_parameters(asking: Asking, parameters: object) -> None:
    """A path that cannot be read is unknown."""
    status, _, _ = asking(ok).handle({**at("/v1//chat/completions"), "pathParameters": parameters})
    assert status == 404


@pytest.mark.parametrize("body", [UNNAMED, {**UNNAMED, "model": None}, VALID])
@pytest.mark.parametrize("encode", [str, lambda model: quote(model, safe="")])
def test_a_deployment_is_a_model(asking: Asking, body: dict[str, Any], encode: Any) -> None:
    """The path names the model, encoded or not, and the body may repeat or omit it."""
    asked: list[dict[str, Any]] = []

    def bedrock(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content))
        return ok(request)

    status, _, _ = with_deployments(asking(bedrock)).handle(of_deployment(encode(MODEL), body))
    assert (status, asked[0]["model"]) == (200, MODEL)


@pytest.mark.parametrize("spelled", [PROFILE, quote(PROFILE, safe="")])
def test_an_arn_as_a_deployment(spelled: str) -> None:
    """An ARN's slash may arrive decoded, at the catch-all route."""
    request = http_request.read(at(f"/openai/deployments/{spelled}/chat/completions"))
    found = path_spellings.recognised(request, has_deployments=lambda: True)
    assert (found.is_chat_completion, found.deployment) == (True, PROFILE)


@pytest.mark.parametrize("other", ["another.model-v1:0", "", 1, ["a"]])
def test_two_models_are_refused(asking: Asking, log: StringIO, other: object) -> None:
    """A body that names another model than the path is a 400, and the text repeats neither."""
    gateway = with_deployments(asking(ok))
    status, _, body = gateway.handle(of_deployment(MODEL, {**VALID, "model": other}))
    assert (status, body["error"]["param"], body["error"]["code"]) == (400, "model", "invalid_value")
    assert "another.model" not in log.getvalue()


def test_another_method_of_a_deployment(asking: Asking) -> None:
    """A deployment's path takes POST only."""
    gateway = with_deployments(asking(ok))
    status, headers, _ = gateway.handle(of_deployment(MODEL, VALID, method="GET"))
    assert (status, headers["allow"]) == (405, "POST")


def test_without_the_setting(asking: Asking) -> None:
    """By default Azure's path is unknown, and the error has the base URL to use."""
    status, _, body = asking(ok).handle(at(f"/openai/deployments/{MODEL}/chat/completions", UNNAMED))
    assert (status, body["error"]["code"]) == (404, "unknown_url")
    assert "base URL" in body["error"]["message"]
