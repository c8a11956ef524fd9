"""Calls of the resources function as API Gateway makes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn, TextIO

import pytest

from chat_gateway.client_policies.policies import ClientPolicies
from chat_gateway.core.startup import Startup
from client_keys.no_limits import CONTEXT, NO_LIMITS
from openai_resources.handler import ResourcesFunction, ResourcesState
from tests.unit.chat_gateway.lambda_calls import FakeContext, logger_to


def event(
    path: str,
    *,
    method: str = "GET",
    base_path: str = "",
    headers: dict[str, list[str]] | None = None,
    policy: object = NO_LIMITS,
) -> dict[str, Any]:
    """API Gateway's event for a request of `path`, such as /v1/models/ID, behind a custom domain's `base_path`."""
    collection, slash, proxy = _split(path)
    return {
        "resource": f"{collection}/{{proxy+}}" if slash else collection,
        "path": f"{base_path}{path}",
        "pathParameters": {"proxy": proxy} if slash else None,
        "httpMethod": method,
        "multiValueHeaders": headers or {},
        "requestContext": {
            "requestId": "settable-id",
            "extendedRequestId": "our-id",
            "authorizer": {"principalId": "team-a", CONTEXT: policy},
        },
        "body": None,
        "isBase64Encoded": False,
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
        self, build: Callable[[], ResourcesState], log: TextIO, policies: ClientPolicies = NO_TABLE
    ) -> None:
        self.function = ResourcesFunction(Startup(build), logger_to(log), policies=policies)

    def __call__(self, request: object) -> Answer:
        answer = self.function.handle(request, FakeContext())  # type: ignore[arg-type]
        headers = {name.lower(): value for name, (value,) in answer["multiValueHeaders"].items()}
        assert headers["content-type"] == "application/json"
        return Answer(answer["statusCode"], headers, json.loads(answer["body"]))
