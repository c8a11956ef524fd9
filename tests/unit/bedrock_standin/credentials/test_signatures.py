"""Signed requests: an access key works like an API key, and a wrong one gets AWS's 403."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from starlette.testclient import TestClient

from local.bedrock_standin.credentials.signatures import Signatures
from local.bedrock_standin.generators.echo import EchoGenerator
from local.bedrock_standin.server.app import create_app
from tests.unit.bedrock_standin.conftest import KEY, PATH, FakeGuardrails

SECRET = "made-up-secret"
BODY = json.dumps({"model": "openai.gpt-oss-20b-1:0", "messages": [{"role": "user", "content": "hello"}]})


@pytest.fixture
def signed_client(guardrails: FakeGuardrails) -> Iterator[TestClient]:
    app = create_app(
        api_key=KEY,
        generator=EchoGenerator(),
        guardrails=guardrails,
        signatures=Signatures({"test": SECRET}, region="us-east-1"),
    )
    with TestClient(app, client=("127.0.0.1", 50000)) as client:
        yield client


def signed(*, secret: str = SECRET, key_id: str = "test", region: str = "us-east-1") -> dict[str, str]:
    """The headers that botocore signs the body with."""
    request = AWSRequest("POST", f"http://testserver{PATH}", data=BODY.encode())
    request.headers["content-type"] = "application/json"
    SigV4Auth(Credentials(key_id, secret, "a-token"), "bedrock", region).add_auth(request)
    return dict(request.headers.items())


def test_a_signed_request_is_answered_and_its_credentials_are_not_kept(signed_client: TestClient) -> None:
    answer = signed_client.post(PATH, content=BODY, headers=signed())
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"] == "echo: hello"
    (seen,) = signed_client.get("/_standin/requests").json()
    assert (seen["headers"]["authorization"], seen["headers"]["x-amz-security-token"]) == (
        "present",
        "present",
    )


@pytest.mark.parametrize(
    ("headers", "says", "error_class"),
    [
        (signed(secret="another"), "The request signature we calculated", "InvalidSignatureException"),
        (signed(key_id="nobody"), "The security token included", "UnrecognizedClientException"),
        (signed(region="eu-west-1"), "scoped to a valid region", "InvalidSignatureException"),
        ({"authorization": "AWS4-HMAC-SHA256 no"}, "incomplete", "IncompleteSignatureException"),
    ],
)
def test_a_wrong_signature_is_aws_s_403_and_nothing_is_generated(
    signed_client: TestClient, headers: dict[str, str], says: str, error_class: str
) -> None:
    answer = signed_client.post(PATH, content=BODY, headers=headers)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (403, error_class)
    assert says in answer.json()["message"]
    assert signed_client.get("/_standin/counters").json()["generations"] == 0


def test_a_standin_that_was_given_no_access_key_takes_no_signature(client: TestClient) -> None:
    assert client.post(PATH, content=BODY, headers=signed()).status_code == 403
