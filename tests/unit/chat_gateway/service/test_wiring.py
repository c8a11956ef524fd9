"""What a function asks Bedrock through, as its settings have it, against a server on this machine."""

from __future__ import annotations

import json
import re
import socket

import httpx
import pytest

from chat_gateway.aws.settings import AwsSettings
from chat_gateway.completions import request as chat_request
from chat_gateway.completions.completions import Completions
from chat_gateway.core.errors import ModelNotAllowedError
from chat_gateway.model_names.named_completions import NamedCompletions
from chat_gateway.service import wiring
from chat_gateway.service.settings import UpstreamSettings
from tests.runtime_api.requests import Request
from tests.unit.chat_gateway.answering_server import AnsweringServer
from tests.unit.chat_gateway.bedrock_calls import COMPLETION, KEY, once
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.upstream_settings import UPSTREAM

pytestmark = pytest.mark.usefixtures("function_env")

SIGNED = {"UPSTREAM_AUTH": "sigv4"}


def completions(**changes: str) -> Completions:
    """Of a function in us-east-1 with the variables `changes`; AWS_ENDPOINT_URL is where its AWS calls go."""
    env = {"AWS_REGION": "us-east-1", "DNS_SUFFIX": "amazonaws.com", **UPSTREAM, **changes}
    return wiring.plain(UpstreamSettings.from_env(env), AwsSettings.from_env(env), max_connections=1)


def request(model: str = VALID["model"]) -> chat_request.ChatRequest:
    return chat_request.parse(json.dumps({**VALID, "model": model}).encode())


def answer(came: Request, connection: socket.socket) -> bytes:
    """Of Secrets Manager where it is asked, else of Bedrock."""
    is_secret = came.header("x-amz-target") == "secretsmanager.GetSecretValue"
    body = json.dumps({"SecretString": KEY} if is_secret else COMPLETION).encode()
    return b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def asked(**changes: str) -> list[Request]:
    """The requests that one completion takes; their answer is checked."""
    with AnsweringServer(answer) as server:
        origin = f"http://{server.address}"
        made = completions(BEDROCK_BASE_URL=f"{origin}/openai/v1", AWS_ENDPOINT_URL=origin, **changes)
        completion = made.create(made.prepared(request(), caller_headers={}), once())
    assert completion.document == COMPLETION
    return server.requests


def scope(authorization: str) -> str:
    """Region and service of a signature."""
    found = re.match(r"AWS4-HMAC-SHA256 Credential=testing/\d{8}/(\S+)/aws4_request, ", authorization)
    assert found is not None
    return found[1]


def test_api_key() -> None:
    """Bedrock gets the key of the configured secret."""
    secret, chat = asked()
    assert json.loads(secret.body) == {"SecretId": UPSTREAM["BEDROCK_API_KEY_SECRET_ARN"]}
    assert chat.line == "POST /openai/v1/chat/completions"
    assert chat.header("authorization") == f"Bearer {KEY}"


def test_sigv4() -> None:
    """The function's role signs the request, and no secret is read."""
    (chat,) = asked(**SIGNED)
    assert chat.line == "POST /openai/v1/chat/completions"
    assert scope(chat.header("authorization") or "") == "us-east-1/bedrock"


def test_sigv4_region() -> None:
    """A signature is for the region that Bedrock's URL names, not for the function's own region."""
    url = "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1"
    signed = httpx.Request("POST", f"{url}/chat/completions", content=b"{}")
    completions(BEDROCK_BASE_URL=url, **SIGNED).credentials.auth().authorize(signed)
    assert scope(signed.headers["authorization"]) == "eu-west-1/bedrock"


def test_listed_models() -> None:
    """Where an environment names its models, a request for another model is refused."""
    made = completions(UPSTREAM_MODELS="openai.gpt-oss-20b-1:0,other.model")
    assert made.prepared(request("other.model"), caller_headers={}).content
    with pytest.raises(ModelNotAllowedError):
        made.prepared(request("another.model"), caller_headers={})


def test_no_listed_models() -> None:
    """Where an environment names no models, a request for any model goes up."""
    prepared = completions().prepared(request("another.model"), caller_headers={})
    assert json.loads(prepared.content)["model"] == "another.model"


@pytest.mark.parametrize("changes", [{"MODEL_NAMES": '{"fast":[["a.b"]]}'}, {"MODEL_NAMES_ONLY": "true"}])
def test_model_names(changes: dict[str, str]) -> None:
    """An environment with names, or whose callers may use names only, has completions by name; another one has not."""
    env = {"AWS_REGION": "us-east-1", "DNS_SUFFIX": "amazonaws.com", **UPSTREAM}
    aws = AwsSettings.from_env(env)
    named = wiring.completions(UpstreamSettings.from_env(env | changes), aws, max_connections=1)
    assert isinstance(named, NamedCompletions)
    assert named.names_only is ("MODEL_NAMES_ONLY" in changes)
    assert isinstance(wiring.completions(UpstreamSettings.from_env(env), aws, max_connections=1), Completions)
