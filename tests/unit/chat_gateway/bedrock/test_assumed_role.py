"""Requests are signed with a role of another account, which is assumed once and again before its session ends."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs

import httpx
import pytest

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.aws.settings import AwsSettings
from chat_gateway.aws.sigv4 import Credentials
from chat_gateway.aws.sts_answers import Session
from chat_gateway.bedrock import assumed_role
from chat_gateway.bedrock.assumed_role import AssumedRole, AssumedRoleCredentials
from chat_gateway.completions import request as chat_request
from chat_gateway.completions.completions import Completions
from chat_gateway.core.errors import (
    UpstreamAccessError,
    UpstreamCredentialsError,
    UpstreamCredentialsUnavailableError,
)
from chat_gateway.service import wiring
from chat_gateway.service.settings import UpstreamSettings
from local.bedrock_standin.credentials.signatures import Signatures, SignedRequest
from tests.runtime_api.requests import Request
from tests.unit.chat_gateway.answering_server import AnsweringServer
from tests.unit.chat_gateway.bedrock_calls import COMPLETION, client_for, once
from tests.unit.chat_gateway.bedrock_key_fakes import PASSING, Clock
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.lambda_calls import AWS
from tests.unit.chat_gateway.sts_answers import KEY_ID, SECRET, TOKEN, xml
from tests.unit.chat_gateway.upstream_settings import UPSTREAM

ARN = "arn:aws:iam::210987654321:role/bedrock"
BASE_URL = "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1"
LIFETIME_S = 3600.0
REFUSAL = "The security token included in the request is invalid."


class FakeSts:
    """An STS that gives new credentials at each call: KEY1, KEY2, …; `failure` is the name of its error."""

    def __init__(self, clock: Clock, lifetime_s: float = LIFETIME_S) -> None:
        self._clock, self._lifetime_s = clock, lifetime_s
        self.calls = 0
        self.failure: str | None = None
        self.asked: dict[str, object] = {}
        self.may_answer = threading.Event()
        self.may_answer.set()

    def assume_role(self, role_arn: str, **given: object) -> Session:
        self.calls += 1
        self.asked = {"role_arn": role_arn, **given}
        assert self.may_answer.wait(10)
        if self.failure is not None:
            raise AwsCallError("AssumeRole", self.failure, is_passing=self.failure in PASSING)
        credentials = Credentials(f"KEY{self.calls}", f"secret-{self.calls}", f"token-{self.calls}")
        return Session(credentials, self._clock() + self._lifetime_s)


class Assumed:
    """A role with a fake STS and clock."""

    def __init__(self, lifetime_s: float = LIFETIME_S) -> None:
        self.clock = Clock()
        self.sts = FakeSts(self.clock, lifetime_s)
        self.role = AssumedRole(
            self.sts,  # type: ignore[arg-type]
            role_arn=ARN,
            external_id="ours",
            session_name="gateway-api",
            clock=self.clock,
        )

    def after(self, seconds: float) -> str:
        """The access key in use `seconds` later."""
        self.clock.now_s += seconds
        return self.role.credentials().access_key_id


def test_the_role_is_assumed_once() -> None:
    """The session is kept until five minutes before it ends, and STS is told the role, the id and the function."""
    assumed = Assumed()
    assert [assumed.after(0), assumed.after(LIFETIME_S - 301)] == ["KEY1", "KEY1"]
    assert assumed.after(2) == "KEY2"
    assert assumed.sts.calls == 2
    asked = {"role_arn": ARN, "session_name": "gateway-api", "external_id": "ours", "ends_at": math.inf}
    assert assumed.sts.asked == asked


def test_concurrent_requests_assume_once() -> None:
    """Requests that come while the role is assumed wait for that call."""
    assumed = Assumed()
    assumed.sts.may_answer.clear()
    with ThreadPoolExecutor(8) as threads:
        keys = [threads.submit(assumed.after, 0) for _ in range(8)]
        assumed.sts.may_answer.set()
        assert {key.result(10) for key in keys} == {"KEY1"}
    assert assumed.sts.calls == 1


@pytest.mark.parametrize("failure", ["AccessDenied", *PASSING])
def test_an_outage_before_the_end(failure: str) -> None:
    """If the session cannot be renewed, it is used until it ends; STS is asked again every 30 s."""
    assumed = Assumed()
    assumed.after(0)
    assumed.sts.failure = failure
    assert assumed.after(LIFETIME_S - 299) == "KEY1"
    assert assumed.after(1) == "KEY1"
    assert assumed.sts.calls == 2
    assert assumed.after(30) == "KEY1"
    assert assumed.sts.calls == 3
    with pytest.raises(UpstreamCredentialsError):
        assumed.after(270)
    assumed.sts.failure = None
    assert assumed.after(0) == "KEY5"


def test_a_short_session() -> None:
    """A session of less than five minutes is not renewed at each request, and never used after its end."""
    assumed = Assumed(lifetime_s=40)
    assert [assumed.after(seconds) for seconds in (0, 29, 2)] == ["KEY1", "KEY1", "KEY2"]
    brief = Assumed(lifetime_s=10)
    assert [brief.after(seconds) for seconds in (0, 9, 1)] == ["KEY1", "KEY1", "KEY2"]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        ("AccessDenied", UpstreamCredentialsError),
        ("ThrottlingException", UpstreamCredentialsUnavailableError),
    ],
)
def test_a_role_that_cannot_be_assumed(failure: str, kind: type[UpstreamCredentialsError]) -> None:
    """The error says which role, and AWS's name of the reason. It can pass if AWS's can."""
    assumed = Assumed()
    assumed.sts.failure = failure
    with pytest.raises(UpstreamCredentialsError) as caught:
        assumed.after(0)
    assert type(caught.value) is kind
    assert caught.value.reason == f"{ARN} could not be assumed: {failure}"


def test_the_deadline_holds_while_another_assumes() -> None:
    """A request does not wait longer for another one's call than it has time."""
    assumed = Assumed()
    assumed.sts.may_answer.clear()
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(assumed.after, 0)
        while assumed.sts.calls == 0:
            time.sleep(0.001)
        with pytest.raises(UpstreamCredentialsUnavailableError) as caught:
            assumed.role.credentials(ends_at=time.monotonic())
        assert caught.value.reason == f"{ARN} was not assumed in time"
        assumed.sts.may_answer.set()
        assert first.result(10) == "KEY1"


class Asked:
    """Bedrock, which keeps each request and refuses those with the access keys in `refuses`."""

    def __init__(self, *refuses: str, message: str = REFUSAL) -> None:
        self._refuses, self._message = refuses, message
        self.keys: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        key = request.headers["authorization"].partition("Credential=")[2].partition("/")[0]
        self.keys.append(key)
        if key in self._refuses:
            said = f"{self._message} {request.headers['x-amz-security-token']}"
            return httpx.Response(403, json={"message": said})
        return httpx.Response(200, json=COMPLETION)

    def answer(self, assumed: Assumed) -> None:
        gateway = Completions(
            bedrock=client_for(self),
            credentials=AssumedRoleCredentials("https://bedrock.test/openai/v1", "eu-west-1", assumed.role),
            guardrail=None,
        )
        gateway.create(
            gateway.prepared(chat_request.parse(json.dumps(VALID).encode()), caller_headers={}), once()
        )


def test_revoked_sessions() -> None:
    """If Bedrock refuses an older session, because it was revoked, the request is repeated with a new one."""
    assumed, bedrock = Assumed(), Asked("KEY1")
    assumed.after(0)
    assumed.clock.now_s += 60
    bedrock.answer(assumed)
    assert bedrock.keys == ["KEY1", "KEY2"]


def test_a_session_that_another_request_replaced() -> None:
    """A request whose session was refused uses the one that another request has got meanwhile."""
    assumed = Assumed()
    auth = AssumedRoleCredentials(BASE_URL, "eu-west-1", assumed.role).auth()
    assumed.after(LIFETIME_S)
    again = auth.after_refusal()
    assert again is not None
    signed = httpx.Request("POST", f"{BASE_URL}/chat/completions", content=b"{}")
    again.authorize(signed)
    assert "Credential=KEY2/" in signed.headers["authorization"]
    assert assumed.sts.calls == 2


def test_a_refused_new_session() -> None:
    """A new session that Bedrock refuses is not replaced: one request would else be two calls of STS. No secret is told."""
    assumed, bedrock = Assumed(), Asked("KEY1")
    with pytest.raises(UpstreamCredentialsError) as caught:
        bedrock.answer(assumed)
    assert caught.value.reason.startswith("Bedrock refused the assumed role: ")
    assert "token-1" not in caught.value.reason
    assert (bedrock.keys, assumed.sts.calls) == (["KEY1"], 1)


def test_a_role_without_access() -> None:
    """A role that may not use the model gives the caller a 403, not the gateway's failure."""
    denied = Asked("KEY1", message="You are not authorized to perform bedrock:InvokeModel")
    with pytest.raises(UpstreamAccessError):
        denied.answer(Assumed())


def test_another_endpoint() -> None:
    """In another region the same session signs, for that region."""
    assumed = Assumed()
    here = AssumedRoleCredentials(BASE_URL, "eu-west-1", assumed.role)
    here.auth()
    url = BASE_URL.replace("eu-west-1", "us-east-1")
    signed = httpx.Request("POST", f"{url}/chat/completions", content=b"{}")
    here.at(url, "us-east-1").auth().authorize(signed)
    assert "/us-east-1/bedrock/aws4_request" in signed.headers["authorization"]
    assert assumed.sts.calls == 1


def test_the_function_assumes_its_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the function's variables: STS is asked in the function's name, and Bedrock gets a valid signature of the role."""

    def answer(came: Request, connection: socket.socket) -> bytes:
        body = xml(expiration="2999-01-01T00:00:00Z") if came.line == "POST /" else COMPLETION_TEXT
        return b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)

    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "bedrock-chat-gateway-dev-api")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "own")
    with AnsweringServer(answer) as server:
        origin = f"http://{server.address}"
        env = {
            "AWS_REGION": "eu-west-1",
            "DNS_SUFFIX": "amazonaws.com",
            "AWS_ENDPOINT_URL": origin,
            **UPSTREAM,
            "BEDROCK_BASE_URL": f"{origin}/openai/v1",
            "UPSTREAM_AUTH": "sigv4",
            "UPSTREAM_ROLE_ARN": ARN,
            "UPSTREAM_ROLE_EXTERNAL_ID": "ours",
        }
        made = wiring.plain(UpstreamSettings.from_env(env), AwsSettings.from_env(env), max_connections=1)
        request = chat_request.parse(json.dumps(VALID).encode())
        for _ in range(2):
            made.create(made.prepared(request, caller_headers={}), once())
    sts, *chats = server.requests
    form = parse_qs(sts.body.decode())
    assert form["RoleSessionName"] == ["bedrock-chat-gateway-dev-api"]
    assert form["ExternalId"] == ["ours"]
    assert len(chats) == 2
    for chat in chats:
        assert chat.header("x-amz-security-token") == TOKEN
        verify(chat)


COMPLETION_TEXT = json.dumps(COMPLETION).encode()


def verify(chat: Request) -> None:
    """Raises if the request is not signed with the credentials that STS gave."""
    Signatures({KEY_ID: SECRET}, region="eu-west-1").check(
        SignedRequest(
            method="POST",
            path=chat.line.split()[1],
            query="",
            headers=[(name.lower(), value) for name, value in chat.headers],
            body=chat.body,
        )
    )


def test_without_a_name() -> None:
    """Outside Lambda the session has the gateway's name."""
    made = assumed_role.credentials(
        BASE_URL, AwsSettings("eu-west-1", "amazonaws.com"), role_arn=ARN, external_id=None, env={}
    )
    assert made._role._session_name == "bedrock-chat-gateway"


@pytest.mark.parametrize("auth", ["api_key", "sigv4"])
def test_others_import_none_of_it(auth: str) -> None:
    """Without `upstream.role_arn`, neither the client of STS nor its readers are imported."""
    code = """
import sys
from chat_gateway.http_api import handler
assert handler.startup.state.completions
assert not [name for name in sys.modules if "sts" in name.split(".")[-1].split("_") or "assumed_role" in name]
"""
    env = {**UPSTREAM, **AWS, "UPSTREAM_AUTH": auth, "PYTHONPATH": "lambda_src:response-streaming/src"}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
