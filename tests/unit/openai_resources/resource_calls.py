"""Calls of the resources function as API Gateway makes them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, NoReturn, TextIO

import pytest

from chat_gateway.client_policies.policies import ClientPolicies
from chat_gateway.core.startup import Startup
from chat_gateway.http_api.cors import Cors
from client_keys.no_limits import CONTEXT, NO_LIMITS
from openai_resources.handler import ResourcesFunction, ResourcesState
from openai_resources.settings import StorageSettings
from openai_resources.storage import Storage
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to


def event(
    path: str,
    *,
    method: str = "GET",
    base_path: str = "",
    headers: dict[str, list[str]] | None = None,
    policy: object = NO_LIMITS,
    client: str = "team-a",
    generation: str | None = None,
    query: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> dict[str, Any]:
    """API Gateway's event for a request of `path`, such as /v1/models/ID, behind a custom domain's `base_path`."""
    collection, slash, proxy = _split(path)
    return {
        "resource": f"{collection}/{{proxy+}}" if slash else collection,
        "path": f"{base_path}{path}",
        "pathParameters": {"proxy": proxy} if slash else None,
        "httpMethod": method,
        "multiValueHeaders": headers or {},
        "multiValueQueryStringParameters": {name: [value] for name, value in (query or {}).items()} or None,
        "requestContext": {
            "requestId": "settable-id",
            "extendedRequestId": "our-id",
            "authorizer": {
                "principalId": client,
                CONTEXT: policy,
                **({} if generation is None else {"generation": generation}),
            },
        },
        "body": None if body is None else base64.b64encode(body).decode(),
        "isBase64Encoded": body is not None,
    }


def _split(path: str) -> tuple[str, str, str]:
    """/openai/v1/models/a/b → /openai/v1/models, /, a/b."""
    version, _, rest = path.partition("/v1/")
    resource, slash, proxy = rest.partition("/")
    return f"{version}/v1/{resource}", slash, proxy


class _NoTable:
    """A clients table for events that have their client's policy."""

    def client_item(self, client_id: str) -> NoReturn:
        pytest.fail(f"the item of {client_id} is not needed")


NO_TABLE = ClientPolicies(_NoTable())  # type: ignore[arg-type]


# A table and a bucket for requests that need neither.
NO_STORAGE = Storage(StorageSettings("none", "none", "none"))


class Answer(NamedTuple):
    """What API Gateway sends to the caller."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def ids(self) -> list[str]:
        """Of a list: the ids in their order."""
        return [model["id"] for model in self.body["data"]]


class ResourceCalls:
    """A resources function for one test, and its log."""

    def __init__(
        self,
        build: Callable[[], ResourcesState],
        log: TextIO,
        policies: ClientPolicies = NO_TABLE,
        cors: Cors | None = None,
    ) -> None:
        self.function = ResourcesFunction(Startup(build), logger_to(log), policies=policies, cors=cors)

    def __call__(self, request: object) -> Answer:
        status, headers, content = self.raw(request)
        assert headers["content-type"] == "application/json"
        return Answer(status, headers, json.loads(content))

    def raw(self, request: object) -> tuple[int, dict[str, str], bytes]:
        """The status, the headers and the bytes that API Gateway sends to the caller."""
        answer = self.function.handle(request, FakeContext())  # type: ignore[arg-type]
        headers = {name.lower(): value for name, (value,) in answer["multiValueHeaders"].items()}
        is_base64 = answer.get("isBase64Encoded", False)
        content = base64.b64decode(answer["body"]) if is_base64 else answer["body"].encode()
        return answer["statusCode"], headers, content
