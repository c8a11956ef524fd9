"""Gateways whose callers sign their requests with an IAM role, or send JWTs, in place of keys."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from openai import AuthenticationError, DefaultHttpxClient, OpenAI, PermissionDeniedError

from local.aws.guardrail_policy import BLOCKED_WORD
from local.stack.local_stack import LocalStack
from tests.e2e import signing_gateways
from tests.e2e.conftest import MODEL
from tests.e2e.signing_gateways import Gateways
from tests.unit.jwt_clients import issuer

HI: Any = [{"role": "user", "content": "one two"}]


class Issuer:
    """A server with the issuer's keys. Counts the requests for them."""

    def __init__(self, url: str) -> None:
        self.url, self.requests = url, 0
        self.keys = issuer.key_set()


@pytest.fixture(scope="module")
def issuers() -> Iterator[Issuer]:
    found: list[Issuer] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found[0].requests += 1
            self.send_response(200)
            self.send_header("content-length", str(len(found[0].keys)))
            self.end_headers()
            self.wfile.write(found[0].keys)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        found.append(Issuer(f"http://127.0.0.1:{http.server_port}"))
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield found[0]
        finally:
            http.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def gateways(
    stack: LocalStack, issuers: Issuer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateways]:
    jwt = {"issuer": issuer.ISSUER, "audience": issuer.AUDIENCE, "jwks_url": f"{issuers.url}/keys"}
    with signing_gateways.deployed(stack, tmp_path_factory.mktemp("client-auth"), jwt) as gateways:
        yield gateways


def signing(base_url: str, session: boto3.Session) -> OpenAI:
    """The SDK with requests that the session's credentials sign, as docs/deploying.md shows."""

    def sign(request: httpx.Request) -> None:
        for name in ("x-amz-date", "x-amz-security-token"):
            request.headers.pop(name, None)
        if not str(request.url).startswith(base_url):
            return
        signed = AWSRequest(request.method, str(request.url), data=request.read())
        credentials: Any = session.get_credentials()
        SigV4Auth(credentials, "execute-api", session.region_name).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))

    http = DefaultHttpxClient(event_hooks={"request": [sign]}, trust_env=False)
    return OpenAI(base_url=base_url, api_key="-", max_retries=0, http_client=http)


def with_token(base_url: str, token: str) -> OpenAI:
    return OpenAI(
        base_url=base_url, api_key=token, max_retries=0, http_client=DefaultHttpxClient(trust_env=False)
    )


def test_role_of_a_client_is_answered(gateways: Gateways) -> None:
    """The SDK signs; the role's client is answered, whole and streamed, and lists models and files."""
    arn = "arn:aws:iam::000000000000:role/callers/Answered"
    assert gateways.run("iam", "clients", "create", "signer", "--role-arn", arn).exit_code == 0
    with signing(gateways.iam.base_url, gateways.session("Answered")) as client:
        answer = client.chat.completions.create(model=MODEL, messages=HI)
        assert answer.choices[0].message.content == "echo: one two"
        assert list(client.chat.completions.create(model=MODEL, messages=HI, stream=True))
        client.models.list()
        assert client.files.list().data == []


def test_role_without_client_is_refused(gateways: Gateways) -> None:
    """A role that is no client's gets 403 on every path, and is let in as soon as it is added."""
    arn = "arn:aws:sts::000000000000:assumed-role/Stranger/whatever"
    with signing(gateways.iam.base_url, gateways.session("Stranger")) as client:
        for call in (
            lambda: client.chat.completions.create(model=MODEL, messages=HI),
            lambda: client.files.list(),
        ):
            with pytest.raises(PermissionDeniedError) as caught:
                call()
            assert caught.value.code == "unknown_client"
            assert caught.value.request_id
        created = gateways.run("iam", "clients", "create", "stranger", "--role-arn", arn, "--no-stream")
        assert created.exit_code == 0
        assert client.chat.completions.create(model=MODEL, messages=HI).choices
        with pytest.raises(PermissionDeniedError) as caught:
            client.chat.completions.create(model=MODEL, messages=HI, stream=True)
        assert caught.value.code == "streaming_not_allowed"


def test_unsigned_request_is_told_to_sign(gateways: Gateways) -> None:
    """A request without a signature gets 401 from API Gateway, in OpenAI's shape."""
    answer = httpx.post(f"{gateways.iam.base_url}/chat/completions", json={}, trust_env=False)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_signature")


def test_proof_signs(gateways: Gateways) -> None:
    """`chat-gateway prove` signs as the operator's role, which is a client during the proof only."""
    found: Any = gateways.session("Operator").get_credentials()
    done = gateways.run(
        "iam",
        *("prove", "--model", MODEL),
        AWS_ACCESS_KEY_ID=found.access_key,
        AWS_SECRET_ACCESS_KEY=found.secret_key,
        AWS_SESSION_TOKEN=found.token,
    )
    assert "a harmless prompt, streamed" in done.output
    assert "403" not in done.output
    listed = gateways.run("iam", "clients", "list", "--json").output
    role = hashlib.sha256(b"arn:aws:iam::000000000000:role/Operator").hexdigest()
    assert role[:12] not in listed


def test_token_of_a_client_is_answered(gateways: Gateways, issuers: Issuer) -> None:
    """The SDK sends a JWT as its API key; the claim's client is answered, and the issuer is asked once."""
    assert gateways.run("jwt", "clients", "create", "team-a").exit_code == 0
    for token in (issuer.token(), issuer.token(key=issuer.ec_key(), key_id="ec", algorithm="ES256")):
        with with_token(gateways.jwt.base_url, token) as client:
            assert client.chat.completions.create(model=MODEL, messages=HI).choices
            assert client.files.list().data == []
    assert issuers.requests == 1


@pytest.mark.parametrize(
    "token",
    [
        "short",
        issuer.token(exp=1),
        issuer.token(aud="other"),
        issuer.token(iss="https://elsewhere.example.com"),
        issuer.token(sub="nobody"),
        issuer.token(key=issuer.rsa_key("other")),
    ],
)
def test_other_tokens_are_refused(gateways: Gateways, token: str) -> None:
    """Every other token gets 401 in OpenAI's shape, and the text speaks of a token."""
    with (
        with_token(gateways.jwt.base_url, token) as client,
        pytest.raises(AuthenticationError, match="JWT") as caught,
    ):
        client.chat.completions.create(model=MODEL, messages=HI)
    assert caught.value.code == "invalid_api_key"


def test_proof_sends_a_token(gateways: Gateways) -> None:
    """`chat-gateway prove` needs a token, and sends it."""
    without = gateways.run("jwt", "prove", "--model", MODEL)
    assert without.exit_code == 1
    assert "CLIENT_TOKEN" in without.output
    gateways.run("jwt", "clients", "create", "team-p")
    done = gateways.run("jwt", "prove", "--model", MODEL, CLIENT_TOKEN=issuer.token(sub="team-p"))
    assert "a harmless prompt, streamed" in done.output
    assert "401" not in done.output


@pytest.mark.parametrize("kind", ["iam", "jwt"])
@pytest.mark.parametrize("streams", [False, True])
def test_the_guardrail_holds(gateways: Gateways, kind: str, streams: bool) -> None:
    """Whoever the caller is, a blocked word is found, and no caller names another guardrail."""
    name = f"guarded-{kind}-{streams}"
    role = f"arn:aws:iam::000000000000:role/callers/{name}"
    options = ("--role-arn", role) if kind == "iam" else ()
    assert gateways.run(kind, "clients", "create", name, *options).exit_code == 0
    asking = (
        signing(gateways.iam.base_url, gateways.session(name))
        if kind == "iam"
        else with_token(gateways.jwt.base_url, issuer.token(sub=name))
    )
    blocked: list[Any] = [{"role": "user", "content": f"Where do I buy {BLOCKED_WORD}?"}]
    with asking as client:
        ask: Any = client.chat.completions.with_raw_response.create
        answer = ask(model=MODEL, messages=blocked, stream=streams)
        assert answer.headers["x-request-id"]
        parsed = answer.parse()
        choices = [one for chunk in parsed for one in chunk.choices] if streams else parsed.choices
        assert choices[-1].finish_reason == "content_filter"
        other = {"X-Amzn-Bedrock-GuardrailIdentifier": "another"}
        with pytest.raises(PermissionDeniedError) as caught:
            ask(model=MODEL, messages=HI, extra_headers=other)
        assert caught.value.code == "guardrail_override_not_allowed"


@pytest.mark.parametrize("kind", ["iam", "jwt"])
def test_doctor_knows_what_is_refused(gateways: Gateways, kind: str) -> None:
    """`chat-gateway doctor` finds that the API refuses what it must refuse."""
    assert "it answers, and refuses" in gateways.run(kind, "doctor").output
