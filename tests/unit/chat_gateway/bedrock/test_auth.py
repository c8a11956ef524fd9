"""Credentials go to the configured origin and to no other."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from chat_gateway.bedrock.auth import ForeignOriginError, UpstreamAuth
from chat_gateway.bedrock.bearer_auth import BearerAuth
from chat_gateway.bedrock.client import BedrockClient
from chat_gateway.bedrock.role_signature import RoleCredentials
from chat_gateway.core.errors import UpstreamProtocolError
from tests.unit.chat_gateway.bedrock_calls import client_for
from tests.unit.chat_gateway.bedrock_key_fakes import FakeSecrets, api_key

BASE_URL = "https://bedrock.test/openai/v1"
ROLE = {
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": "role-secret",
    "AWS_SESSION_TOKEN": "role-token",
}
KEY = "ABSK-key-1"


def by_key() -> UpstreamAuth:
    return BearerAuth(BASE_URL, api_key(FakeSecrets(KEY)), KEY)


def by_role() -> UpstreamAuth:
    return RoleCredentials(BASE_URL, "eu-west-1", ROLE).auth()


BOTH = pytest.mark.parametrize("make", [by_key, by_role])
Make = Callable[[], UpstreamAuth]


@BOTH
@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.test/openai/v1/chat/completions",
        "http://bedrock.test/openai/v1/chat/completions",
        "https://bedrock.test:8443/openai/v1/chat/completions",
        "https://bedrock.test.elsewhere.test/openai/v1/chat/completions",
    ],
)
def test_a_request_to_another_origin_is_not_sent_at_all(make: Make, url: str) -> None:
    http = httpx.Client(transport=httpx.MockTransport(lambda _: pytest.fail("sent")), trust_env=False)
    with pytest.raises(ForeignOriginError):
        http.post(url, content=b"{}", auth=make())


@BOTH
def test_the_origins_own_port_may_be_written_out(make: Make) -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    httpx.Client(transport=httpx.MockTransport(handler), trust_env=False).post(
        "https://BEDROCK.test:443/openai/v1/chat/completions", content=b"{}", auth=make()
    )
    assert "authorization" in seen[0].headers


@BOTH
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_error_and_takes_the_credentials_nowhere(make: Make, status: int) -> None:
    hosts: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(status, headers={"location": "https://elsewhere.test/"})

    client: BedrockClient = client_for(handler)
    with pytest.raises(UpstreamProtocolError):
        client.complete(b"{}", auth=make(), headers={}, deadline=float("inf"))
    assert hosts == ["bedrock.test"]


@BOTH
def test_what_conceals_them_leaves_no_part_of_the_credentials(make: Make) -> None:
    text = make_used(make).concealed(f"{KEY} AKID role-secret role-token and the rest")
    assert text.endswith("and the rest")
    secrets = (KEY,) if make is by_key else ("AKID", "role-secret", "role-token")
    assert not [secret for secret in secrets if secret in text]


def make_used(make: Make) -> UpstreamAuth:
    auth = make()
    auth.authorize(httpx.Request("POST", f"{BASE_URL}/chat/completions", content=b"{}"))
    return auth
