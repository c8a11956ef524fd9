"""A request to Bedrock itself has its route's form, the access of its region, and an answer of limited size and time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import boto3
import httpx
import moto
import pytest
from botocore.credentials import ReadOnlyCredentials

from guardrail_proof import bedrock_call
from guardrail_proof.bedrock_call import Access, Bedrock
from guardrail_proof.settings import Gateway

KEY = Access(key="ABSK-key-1", region="us-east-1")
SIGNED = Access(key=None, signer=ReadOnlyCredentials("AKIA", "secret", "token"), region="us-east-1")
PROFILE = (
    "arn:aws:bedrock:us-west-2:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
)


class Asked:
    """Bedrock, which keeps each request and answers 400."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(400, json={"message": "no"})

    def bedrock(self, access: Access = KEY) -> Bedrock:
        return Bedrock(
            base_url="https://bedrock.test/openai/v1",
            model="m",
            access=access,
            transport=httpx.MockTransport(self.answer),
        )


def test_a_request_to_chat_completions() -> None:
    """The guardrail is in the headers, the key is the environment's, and no compressed answer is asked for."""
    asked = Asked()
    assert bedrock_call.ask(asked.bedrock(), "Hello", ("abc", "4")) == (400, '{"message":"no"}')
    (request,) = asked.requests
    assert str(request.url) == "https://bedrock.test/openai/v1/chat/completions"
    assert json.loads(request.content) == {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
    assert request.headers["authorization"] == "Bearer ABSK-key-1"
    assert request.headers["x-amzn-bedrock-guardrailidentifier"] == "abc"
    assert request.headers["x-amzn-bedrock-guardrailversion"] == "4"
    assert request.headers["accept-encoding"] == "identity"


def test_a_request_to_converse() -> None:
    """The guardrail is in the body, and the model is one segment of the path."""
    asked = Asked()
    bedrock_call.ask(replace(asked.bedrock(), route="converse", model=PROFILE), "Hello", ("abc", "4"))
    (request,) = asked.requests
    model = PROFILE.replace(":", "%3A").replace("/", "%2F")
    assert str(request.url) == f"https://bedrock.test/model/{model}/converse"
    assert json.loads(request.content) == {
        "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
        "guardrailConfig": {"guardrailIdentifier": "abc", "guardrailVersion": "4"},
    }


def test_a_short_answer_without_a_guardrail() -> None:
    """The answer's tokens can be limited on each route, and a request can have no guardrail."""
    asked = Asked()
    for route in ("native", "converse"):
        bedrock_call.ask(replace(asked.bedrock(), route=route, max_tokens=16), "Hello", None)
    native, converse = asked.requests
    assert json.loads(native.content)["max_completion_tokens"] == 16
    assert not [name for name in native.headers if "guardrail" in name]
    assert json.loads(converse.content) == {
        "messages": [{"role": "user", "content": [{"text": "Hello"}]}],
        "inferenceConfig": {"maxTokens": 16},
    }


@pytest.mark.parametrize(("region", "signed_for"), [(None, "us-east-1"), ("us-west-2", "us-west-2")])
def test_without_a_key_a_request_is_signed_for_its_region(region: str | None, signed_for: str) -> None:
    """A signature is valid in one region."""
    asked = Asked()
    bedrock_call.ask(replace(asked.bedrock(SIGNED), region=region), "Hello", ("abc", "4"))
    (request,) = asked.requests
    assert f"/{signed_for}/bedrock/aws4_request" in request.headers["authorization"]
    assert request.headers["x-amz-security-token"] == "token"


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[boto3.Session]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with moto.mock_aws():
        yield boto3.Session(region_name="us-east-1")


def gateway(**access: str) -> Gateway:
    return Gateway(
        base_url="https://gateway.test/openai/v1",
        clients_table="clients",
        jobs_queue_url="https://sqs.test/jobs",
        job_records_table="records",
        model="m",
        canary="canary",
        **access,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("text", ["ABSK-key-1", ' {"api_key": "ABSK-key-1"}'])
def test_the_key_is_read_from_the_secret(session: boto3.Session, text: str) -> None:
    """The key is the environment's, and is not in the text of the access."""
    arn = session.client("secretsmanager").create_secret(Name="key", SecretString=text)["ARN"]
    access = bedrock_call.access(session, gateway(secret_arn=arn), signs_as_function=True)
    assert access == Access(key="ABSK-key-1", region="us-east-1")
    assert "ABSK" not in repr(access)


def test_without_a_secret_the_session_signs(session: boto3.Session) -> None:
    """If the roles sign, the proof signs too."""
    access = bedrock_call.access(session, gateway(), signs_as_function=True)
    assert (access.key, access.region, access.signs_as_function) == (None, "us-east-1", True)
    credentials = session.get_credentials()
    assert credentials is not None
    assert access.signer == credentials.get_frozen_credentials()
    assert credentials.secret_key not in repr(access)


def test_with_a_role_its_credentials_sign(session: boto3.Session) -> None:
    """If the functions assume a role, the proof assumes it, too."""
    there = gateway(role_arn="arn:aws:iam::210987654321:role/bedrock", role_external_id="gateway")
    access = bedrock_call.access(session, there, signs_as_function=False)
    own = session.get_credentials()
    assert own is not None
    assert access.signer is not None
    assert access.signer.access_key not in ("", own.access_key)
    assert access.signer.token
    assert str(access.signer.secret_key) not in repr(access)


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    """At most 64 KiB of an answer are read."""

    def endless() -> Iterator[bytes]:
        while True:
            yield b"guardrail " * 1000

    transport = httpx.MockTransport(lambda _: httpx.Response(400, content=endless()))
    answer = bedrock_call.ask(replace(Asked().bedrock(), transport=transport), "Hello", ("abc", "4"))
    assert (answer.status, len(answer.text)) == (400, 65_536)


def test_an_endless_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that arrives byte by byte is no answer after its time."""

    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"."

    monkeypatch.setattr(bedrock_call, "TIMEOUT_S", 0)
    monkeypatch.setattr(bedrock_call, "MAX_ANSWER_BYTES", 10**9)
    transport = httpx.MockTransport(lambda _: httpx.Response(400, stream=Endless()))
    answer = bedrock_call.ask(replace(Asked().bedrock(), transport=transport), "Hello", ("abc", "4"))
    assert answer == (None, "ReadTimeout")


def test_a_key_that_no_header_can_hold_is_no_answer_and_not_told() -> None:
    """Only the error's name is told."""
    answer = bedrock_call.ask(Asked().bedrock(Access(key="kéy-1", region="us-east-1")), "Hello", ("abc", "4"))
    assert answer == (None, "UnicodeEncodeError")
