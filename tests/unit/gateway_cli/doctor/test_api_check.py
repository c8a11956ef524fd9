"""What `doctor` learns of the API from its answer to a key that nobody has."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest

from client_keys import key as client_key
from gateway_cli.doctor import api_check
from gateway_cli.doctor.findings import Status
from jwt_clients.errors import RefusedTokenError
from jwt_clients.tokens import Tokens
from tests.unit.gateway_cli.doctor.stubbed_aws import StubbedAws
from tests.unit.jwt_clients.issuer import SETTINGS

REFUSED = {"error": {"message": "no", "type": "x", "param": None, "code": "invalid_api_key"}}


@pytest.mark.parametrize(
    ("status", "body", "expected", "says"),
    [
        (401, REFUSED, Status.OK, "refuses an unknown key"),
        (401, {"message": "Unauthorized"}, Status.PROBLEM, "401"),
        (401, [], Status.PROBLEM, "401"),
        (403, {"message": "Forbidden"}, Status.PROBLEM, "403"),
        (404, None, Status.PROBLEM, "404"),
        (500, {"message": None}, Status.PROBLEM, "the authorizer fails"),
        (429, REFUSED, Status.UNCHECKED, "throttled"),
        (200, {"data": []}, Status.PROBLEM, "as if it were a client's"),
    ],
)
def test_answers_are_judged(aws: StubbedAws, status: int, body: Any, expected: Status, says: str) -> None:
    """Only a 401 in OpenAI's form is right."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    result = api_check.of_answer(aws.deployment(), transport)
    assert result.status == expected
    assert says in result.says


def test_the_key_reaches_the_authorizer(aws: StubbedAws) -> None:
    """The key has the form of a key, else API Gateway would refuse it without asking the authorizer."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(401, json=REFUSED)

    api_check.of_answer(aws.deployment(), httpx.MockTransport(answer))
    assert str(sent[0].url) == "https://api.test/dev/openai/v1/models"
    assert client_key.is_well_formed(sent[0].headers["authorization"].removeprefix("Bearer "))


@pytest.mark.parametrize(
    ("client_auth", "code", "says"),
    [
        ("iam", "invalid_signature", "refuses a request without a signature"),
        ("jwt", "invalid_api_key", "refuses a token that nobody signed"),
    ],
)
def test_other_callers_are_refused_too(aws: StubbedAws, client_auth: str, code: str, says: str) -> None:
    """Where callers sign, a request without a signature is sent; where they send JWTs, one that looks like a JWT."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(401, json={"error": {**REFUSED["error"], "code": code}})

    deployment = aws.deployment()
    deployment = replace(deployment, outputs=replace(deployment.outputs, client_auth=client_auth))
    result = api_check.of_answer(deployment, httpx.MockTransport(answer))
    assert (result.status, says in result.says) == (Status.OK, True)
    if client_auth == "iam":
        assert "authorization" not in sent[0].headers
    else:
        assert re.fullmatch("Bearer [A-Za-z0-9._-]{20,4000}", sent[0].headers["authorization"])
        token = sent[0].headers["authorization"].removeprefix("Bearer ")
        with pytest.raises(RefusedTokenError, match="no such key"):
            Tokens(SETTINGS, lambda _: None).client_id(token)


@pytest.mark.parametrize(
    ("client_auth", "fails"), [("keys", "the authorizer"), ("iam", "API Gateway"), ("jwt", "the authorizer")]
)
def test_what_fails(aws: StubbedAws, client_auth: str, fails: str) -> None:
    """A 500 is the authorizer's fault, except where there is none."""
    deployment = aws.deployment()
    deployment = replace(deployment, outputs=replace(deployment.outputs, client_auth=client_auth))
    result = api_check.of_answer(deployment, httpx.MockTransport(lambda _: httpx.Response(500)))
    assert (result.status, f"{fails} fails" in result.says) == (Status.PROBLEM, True)


def test_the_key_is_in_the_environments_header(aws: StubbedAws) -> None:
    """With Azure's header, the key is sent there."""
    deployment = aws.deployment()
    outputs = replace(deployment.outputs, key_header="api-key")
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(401, json=REFUSED)

    api_check.of_answer(replace(deployment, outputs=outputs), httpx.MockTransport(answer))
    assert client_key.is_well_formed(sent[0].headers["api-key"])
    assert "authorization" not in sent[0].headers


def test_an_api_that_cannot_be_reached_is_unchecked(aws: StubbedAws) -> None:
    """The fault may be this machine's."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    result = api_check.of_answer(aws.deployment(), httpx.MockTransport(fail))
    assert result.status == Status.UNCHECKED
    assert "ConnectError" in result.says
