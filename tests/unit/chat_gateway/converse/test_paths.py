"""Model ids and ARNs are one segment of Converse's path, and are signed as botocore signs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.credentials import Credentials

from chat_gateway.bedrock.role_signature import RoleCredentials
from chat_gateway.completions import request as chat_request
from chat_gateway.completions.completions import Completions
from tests.unit.chat_gateway.bedrock_calls import client_for, once
from tests.unit.chat_gateway.converse_bedrock import GUARDRAIL, FakeBedrock, with_result

HOST = "bedrock-runtime.eu-west-1.amazonaws.com"
BASE_URL = f"https://{HOST}/openai/v1"
ROLE = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}
PROFILE = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc"
GUARDRAIL_ARN = "arn:aws:bedrock:eu-west-1:123456789012:guardrail/gr"
MODELS = ["amazon.nova-lite-v1:0", PROFILE, "anthropic.../%2e ~é?#&=+"]


def sent(model: str) -> list[httpx.Request]:
    """The signed requests of a check and a generation."""
    bedrock = FakeBedrock()
    gateway = Completions(
        bedrock=client_for(bedrock, base_url=BASE_URL),
        credentials=RoleCredentials(BASE_URL, "eu-west-1", ROLE),
        guardrail=GUARDRAIL._replace(identifier=GUARDRAIL_ARN),
    )
    document = {**with_result("r"), "model": model}
    prepared = gateway.prepared(chat_request.from_document(document), caller_headers={})
    gateway.create(prepared, once())
    return bedrock.requests


def botocores(model: str) -> list[AWSPreparedRequest]:
    """The requests that botocore's client makes of the same."""
    client = boto3.client(
        "bedrock-runtime",
        region_name="eu-west-1",
        aws_access_key_id="AKID",
        aws_secret_access_key="secret",
        aws_session_token="token",
    )
    made: list[AWSPreparedRequest] = []

    def keep(request: AWSPreparedRequest, **_: Any) -> None:
        made.append(request)
        raise ConnectionAbortedError

    client.meta.events.register("before-send.bedrock-runtime.*", keep)
    for call in (
        lambda: client.apply_guardrail(
            guardrailIdentifier=GUARDRAIL_ARN, guardrailVersion="1", source="INPUT", content=[]
        ),
        lambda: client.converse(modelId=model, messages=[]),
    ):
        with pytest.raises(ConnectionAbortedError):
            call()
    return made


def signature(url: str, method: str, headers: Mapping[str, str]) -> str:
    """botocore's signature of those signed headers for a URL."""
    authorization = headers["authorization"]
    names = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    request = AWSRequest(method, url, headers={name: headers[name] for name in names})
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials("AKID", "secret", "token"), "bedrock", "eu-west-1")
    canonical = signer.canonical_request(request)
    return str(signer.signature(signer.string_to_sign(request, canonical), request))


@pytest.mark.parametrize("model", MODELS)
def test_paths_and_signatures_are_botocores(model: str) -> None:
    """The path is the one that botocore's client sends, and the signature is its signature for that path."""
    for ours, theirs in zip(sent(model), botocores(model), strict=True):
        assert str(ours.url) == theirs.url
        ours_signed = ours.headers["authorization"].rpartition("Signature=")[2]
        assert ours_signed == signature(theirs.url, "POST", ours.headers)


def test_the_signed_path_is_encoded_again() -> None:
    """The canonical request holds the path of the URL, encoded once more."""
    request = AWSRequest("POST", str(sent(PROFILE)[1].url), headers={"x-amz-content-sha256": "a"})
    request.context["timestamp"] = "20261126T000000Z"
    signer = SigV4Auth(Credentials("AKID", "secret"), "bedrock", "eu-west-1")
    path = signer.canonical_request(request).splitlines()[1]
    assert path.startswith("/model/arn%253Aaws%253Abedrock")
    assert path.endswith("application-inference-profile%252Fabc/converse")
