"""Our signatures are botocore's."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.aws.sigv4 import Credentials, signed_headers

_TOKEN = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


@given(content=st.binary(max_size=200), secret=_TOKEN, session_token=st.none() | _TOKEN, value=_TOKEN)
def test_signatures_agree_with_botocores(
    content: bytes, secret: str, session_token: str | None, value: str
) -> None:
    ours = signed_headers(
        Credentials("AKID", secret, session_token),
        service="secretsmanager",
        region="eu-central-1",
        host="secretsmanager.eu-central-1.amazonaws.com",
        headers={"content-type": "application/x-amz-json-1.1", "x-amz-target": value},
        content=content,
        now=datetime.now(UTC),
    )
    request = AWSRequest(
        "POST",
        "https://secretsmanager.eu-central-1.amazonaws.com/",
        headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": value},
        data=content,
    )
    # botocore reads the clock itself; give it ours, through the context key it keeps its own in.
    signer = SigV4Auth(BotocoreCredentials("AKID", secret, session_token), "secretsmanager", "eu-central-1")
    request.context["timestamp"] = ours["x-amz-date"]
    signer._modify_request_before_signing(request)  # type: ignore[attr-defined]
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    assert ours["authorization"].endswith(f"Signature={signature}")


def test_credentials_come_from_lambdas_variables() -> None:
    env = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}
    assert Credentials.from_env(env) == Credentials("a", "b", "c")
    assert Credentials.from_env({**env, "AWS_SESSION_TOKEN": ""}).session_token is None


@pytest.mark.parametrize("secret", ["b", "c"])
def test_credentials_keep_their_secrets_out_of_their_repr(secret: str) -> None:
    assert f"'{secret}'" not in repr(Credentials("a", "b", "c"))
