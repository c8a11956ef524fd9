"""Bedrock must refuse a direct request with an unknown guardrail; only a refusal about the guardrail counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import moto
import pytest

from guardrail_proof import at_bedrock
from guardrail_proof.at_bedrock import Bedrock

BASE_URL = "https://bedrock.test/openai/v1"
GONE = "The guardrail identifier or version provided does not exist."


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with moto.mock_aws():
        yield boto3.Session(region_name="us-east-1")


def secret(session: boto3.Session, text: str) -> str:
    arn: str = session.client("secretsmanager").create_secret(Name="key", SecretString=text)["ARN"]
    return arn


def bedrock(
    status: int, document: Any, seen: list[httpx.Request] | None = None, arn: str | None = None
) -> Bedrock:
    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return httpx.Response(status, json=document)

    return Bedrock(base_url=BASE_URL, model="m", secret_arn=arn, transport=httpx.MockTransport(answer))


@pytest.mark.parametrize("text", ["ABSK-key-1", ' {"api_key": "ABSK-key-1"}'])
def test_it_asks_under_a_made_up_guardrail(session: boto3.Session, text: str) -> None:
    """The request names a guardrail that does not exist, and has the environment's key."""
    seen: list[httpx.Request] = []
    asked = bedrock(400, {"message": GONE}, seen, secret(session, text))
    assert str(at_bedrock.unknown_guardrail(asked, session)) == f"ok    {at_bedrock.NAME}"
    (request,) = seen
    assert request.headers["authorization"] == "Bearer ABSK-key-1"
    assert request.headers["x-amzn-bedrock-guardrailidentifier"].startswith("gr")
    assert json.loads(request.content)["model"] == "m"


def test_without_a_key_the_session_signs(session: boto3.Session) -> None:
    """If the roles sign, the proof signs too."""
    seen: list[httpx.Request] = []
    at_bedrock.unknown_guardrail(bedrock(404, {"message": GONE}, seen), session)
    assert seen[0].headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=")


@pytest.mark.parametrize(
    ("status", "text", "line"),
    [
        (200, "{}", "FAIL  {} was answered; the endpoint ignores guardrails"),
        (400, GONE, "ok    {}"),
        (404, "no such Guardrail", "ok    {}"),
        (404, "model_not_found", "-     {}: not shown (Bedrock answered 404 about something else)"),
        (401, GONE, "-     {}: not shown (the credentials may not ask Bedrock)"),
        (403, GONE, "-     {}: not shown (the credentials may not ask Bedrock)"),
        (500, GONE, "-     {}: not shown (Bedrock answered 500 about something else)"),
    ],
)
def test_only_a_refusal_about_the_guardrail_counts(status: int, text: str, line: str) -> None:
    """An answer fails the proof, a refusal about the guardrail passes it, and other results show nothing."""
    assert str(at_bedrock.judged(status, text)) == line.format(at_bedrock.NAME)


def test_a_key_that_cannot_be_read_shows_nothing(session: boto3.Session) -> None:
    """If the key cannot be read, the probe says so and does not fail; the key is never printed."""
    unknown = "arn:aws:secretsmanager:us-east-1:123456789012:secret:no"
    probe = at_bedrock.unknown_guardrail(bedrock(400, {"message": GONE}, arn=unknown), session)
    assert (probe.says, probe.not_shown) == (None, "ResourceNotFoundException")
    without = bedrock(400, {"message": GONE}, arn=secret(session, '{"key": "SECRET"}'))
    assert "SECRET" not in str(at_bedrock.unknown_guardrail(without, session))


def test_an_endless_refusal_is_not_read_to_its_end(session: boto3.Session) -> None:
    """At most 64 KiB of an error are read."""

    def endless() -> Iterator[bytes]:
        while True:
            yield b"guardrail " * 1000

    transport = httpx.MockTransport(lambda _: httpx.Response(400, content=endless()))
    asked = Bedrock(
        base_url=BASE_URL, model="m", secret_arn=secret(session, "ABSK-key-1"), transport=transport
    )
    assert at_bedrock.unknown_guardrail(asked, session).not_shown is None


def test_an_endless_refusal_ends(session: boto3.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that arrives byte by byte shows nothing after its time; compressed answers are not requested."""
    seen: list[httpx.Request] = []

    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"."

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(400, stream=Endless())

    monkeypatch.setattr(at_bedrock, "WITHIN_S", 0)
    monkeypatch.setattr(at_bedrock, "MAX_ERROR_BYTES", 10**9)
    asked = Bedrock(base_url=BASE_URL, model="m", secret_arn=None, transport=httpx.MockTransport(answer))
    assert at_bedrock.unknown_guardrail(asked, session).not_shown == "ReadTimeout"
    assert seen[0].headers["accept-encoding"] == "identity"
