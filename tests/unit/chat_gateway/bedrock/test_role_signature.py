"""Requests are signed with the role as botocore signs, as the specification verifies, and again for each attempt."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.bedrock.role_signature import RoleCredentials, region_of
from chat_gateway.completions import request as chat_request
from chat_gateway.completions.completions import Completions
from chat_gateway.core.errors import UpstreamCredentialsError
from chat_gateway.service import request_log
from local.bedrock_standin.credentials.signatures import Signatures, SignedRequest
from local.bedrock_standin.refusals import RefusalError
from tests.unit.chat_gateway.bedrock_calls import COMPLETION, client_for, once
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.lambda_calls import AWS
from tests.unit.chat_gateway.upstream_settings import UPSTREAM

BASE_URL = "https://bedrock.test/openai/v1"
REGION = "eu-west-1"
ROLE = {
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": "role-secret",
    "AWS_SESSION_TOKEN": "role-token",
}
GUARDRAIL = {"x-amzn-bedrock-guardrailidentifier": "abc123", "x-amzn-bedrock-guardrailversion": "1"}
_VISIBLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
_SECRETS = st.fixed_dictionaries(
    {
        "AWS_ACCESS_KEY_ID": st.text("ABCDEFGHIJ0123456789", min_size=4, max_size=20),
        "AWS_SECRET_ACCESS_KEY": _VISIBLE,
    },
    optional={"AWS_SESSION_TOKEN": _VISIBLE},
)


def sent(
    content: bytes, env: Mapping[str, str] = ROLE, headers: Mapping[str, str] = GUARDRAIL
) -> httpx.Request:
    """The request as the client sends it."""
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=COMPLETION)

    auth = RoleCredentials(BASE_URL, REGION, env).auth()
    client_for(handler).complete(content, auth=auth, headers=headers, deadline=float("inf"))
    return seen[0]


def arrived(request: httpx.Request) -> SignedRequest:
    return SignedRequest(
        method=request.method,
        path=request.url.raw_path.decode(),
        query="",
        headers=list(request.headers.items()),
        body=request.content,
    )


def verifier(env: Mapping[str, str] = ROLE, region: str = REGION) -> Signatures:
    return Signatures({env["AWS_ACCESS_KEY_ID"]: env["AWS_SECRET_ACCESS_KEY"]}, region=region)


def signed_names(request: httpx.Request) -> list[str]:
    found = re.search("SignedHeaders=([^,]+)", request.headers["authorization"])
    assert found is not None
    return found[1].split(";")


@given(content=st.binary(max_size=300), env=_SECRETS, version=_VISIBLE)
def test_a_signature_is_botocores_and_the_specifications(
    content: bytes, env: dict[str, str], version: str
) -> None:
    request = sent(content, env, {**GUARDRAIL, "x-amzn-bedrock-guardrailversion": version})
    verifier(env).check(arrived(request))
    # What botocore makes of the same request given whole, in its own hands, at the same moment.
    theirs = AWSRequest(
        "POST",
        f"{BASE_URL}/chat/completions",
        data=content,
        headers={name: request.headers[name] for name in signed_names(request)},
    )
    credentials = Credentials("AKID", env["AWS_SECRET_ACCESS_KEY"], env.get("AWS_SESSION_TOKEN"))
    signer = SigV4Auth(credentials, "bedrock", REGION)
    theirs.context["timestamp"] = request.headers["x-amz-date"]
    del theirs.headers["x-amz-content-sha256"]  # it hashes the body itself
    hashed = signer.payload(theirs)
    assert hashed == request.headers["x-amz-content-sha256"] == hashlib.sha256(content).hexdigest()
    theirs.headers["x-amz-content-sha256"] = hashed
    signature = signer.signature(signer.string_to_sign(theirs, signer.canonical_request(theirs)), theirs)
    assert request.headers["authorization"].endswith(f"Signature={signature}")


def test_everything_that_matters_is_signed_for_bedrock_in_its_region() -> None:
    request = sent(b"{}")
    assert signed_names(request) == [
        "content-type",
        "host",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-security-token",
        "x-amzn-bedrock-guardrailidentifier",
        "x-amzn-bedrock-guardrailversion",
    ]
    day = request.headers["x-amz-date"][:8]
    assert f"Credential=AKID/{day}/{REGION}/bedrock/aws4_request" in request.headers["authorization"]
    assert "role-secret" not in str(request.headers.multi_items())


@given(content=st.binary(min_size=1, max_size=60), place=st.integers(0, 59), change=st.integers(1, 255))
def test_the_verifier_refuses_a_body_changed_in_any_byte(content: bytes, place: int, change: int) -> None:
    request = arrived(sent(content))
    place %= len(content)
    changed = bytes([*content[:place], content[place] ^ change, *content[place + 1 :]])
    with pytest.raises(RefusalError):
        verifier().check(
            SignedRequest(
                method=request.method, path=request.path, query="", headers=request.headers, body=changed
            )
        )


@given(st.data())
def test_verifier_refuses_any_changed_character(
    data: st.DataObject,
) -> None:
    """The verifier refuses a signed header or an authorization in which any character has changed."""
    original = sent(b"{}")
    name = data.draw(st.sampled_from([*signed_names(original), "authorization"]))
    value = original.headers[name]
    place = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda c: c != value[place]))
    original.headers[name] = value[:place] + other + value[place + 1 :]
    with pytest.raises(RefusalError) as caught:
        verifier().check(arrived(original))
    assert caught.value.status == 403


@pytest.mark.parametrize("name", ["x-amz-content-sha256", "x-amz-security-token", "host", "x-amz-date"])
def test_the_verifier_refuses_a_request_without_a_header_that_was_signed(name: str) -> None:
    request = sent(b"{}")
    del request.headers[name]
    with pytest.raises(RefusalError):
        verifier().check(arrived(request))


@pytest.mark.parametrize("name", ["x-amz-target", "x-amz-security-token", "content-type"])
def test_the_verifier_refuses_a_header_added_on_the_way(name: str) -> None:
    request = sent(b"{}", {**ROLE, "AWS_SESSION_TOKEN": ""})
    request.headers = httpx.Headers([*request.headers.multi_items(), (name, "added")])
    with pytest.raises(RefusalError):
        verifier().check(arrived(request))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"method": "PUT"}, "does not match"),
        ({"path": "/openai/v1/chat/completion"}, "does not match"),
        ({"query": "a=1"}, "does not match"),
    ],
)
def test_the_verifier_refuses_another_method_path_or_query(change: dict[str, str], says: str) -> None:
    request = arrived(sent(b"{}"))
    parts = {"method": request.method, "path": request.path, "query": request.query, **change}
    with pytest.raises(RefusalError) as caught:
        verifier().check(SignedRequest(**parts, headers=request.headers, body=b"{}"))
    assert says in caught.value.message
    assert caught.value.headers["x-amzn-errortype"] == "InvalidSignatureException"


def test_verifier_tells_mistakes_apart() -> None:
    """The verifier tells an unknown key, a wrong secret and a wrong region apart."""
    request = arrived(sent(b"{}"))

    def says(signatures: Signatures) -> str:
        with pytest.raises(RefusalError) as caught:
            signatures.check(request)
        return caught.value.message

    assert "security token included in the request is invalid" in says(Signatures({"X": "y"}, region=REGION))
    assert "does not match" in says(Signatures({"AKID": "another"}, region=REGION))
    assert "scoped to a valid region" in says(verifier(region="us-east-1"))


@pytest.mark.parametrize(("minutes", "accepted"), [(-5.1, False), (-4.9, True), (4.9, True), (5.1, False)])
def test_the_verifier_takes_a_signature_for_five_minutes(minutes: float, accepted: bool) -> None:
    request = sent(b"{}")
    signed_at = datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    now = signed_at + timedelta(minutes=minutes)
    signatures = Signatures({"AKID": "role-secret"}, region=REGION, clock=lambda: now)
    if accepted:
        signatures.check(arrived(request))
        return
    with pytest.raises(RefusalError, match="403"):
        signatures.check(arrived(request))


@given(authorization=st.text(max_size=300), date=st.text(max_size=20))
def test_the_verifier_reads_any_header_without_falling_over(authorization: str, date: str) -> None:
    headers = [("host", "h"), ("authorization", f"AWS4-HMAC-SHA256 {authorization}"), ("x-amz-date", date)]
    with pytest.raises(RefusalError):
        verifier().check(SignedRequest(method="POST", path="/", query="", headers=headers, body=b""))


def test_the_roles_credentials_are_read_anew_for_each_attempt() -> None:
    env = dict(ROLE)
    credentials = RoleCredentials(BASE_URL, REGION, env)
    auth = credentials.auth()
    env["AWS_SECRET_ACCESS_KEY"] = "the-next-secret"
    request = httpx.Request("POST", f"{BASE_URL}/chat/completions", content=b"{}")
    auth.authorize(request)
    verifier(env).check(arrived(request))


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_without_credentials_nothing_is_sent_and_the_log_is_told(missing: str) -> None:
    with pytest.raises(UpstreamCredentialsError) as caught:
        sent(b"{}", {**ROLE, missing: ""})
    assert "no credentials of its role" in caught.value.reason


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_role_is_not_tried_again_and_the_reason_holds_no_secret(status: int) -> None:
    asked: list[httpx.Request] = []

    def refuses(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        canonical = f"The Canonical String should have been x-amz-security-token:{ROLE['AWS_SESSION_TOKEN']}"
        message = f"The request signature we calculated does not match. {canonical}"
        return httpx.Response(status, json={"message": message}, headers={"x-amzn-requestid": "bedrock-id"})

    gateway = Completions(
        bedrock=client_for(refuses), credentials=RoleCredentials(BASE_URL, REGION, ROLE), guardrail=None
    )
    request = gateway.prepared(chat_request.parse(json.dumps(VALID).encode()), caller_headers={})
    with pytest.raises(UpstreamCredentialsError) as caught:
        gateway.create(request, once())
    assert len(asked) == 1
    assert caught.value.reason.startswith("Bedrock refused the function's role: ")
    assert "role-token" not in caught.value.reason
    assert caught.value.bedrock_request_id == "bedrock-id"


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("bedrock-runtime.eu-central-1.amazonaws.com", "eu-central-1"),
        ("bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("bedrock-runtime.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("vpce-0123-abc.bedrock-runtime.us-west-2.vpce.amazonaws.com", "us-west-2"),
        ("127.0.0.1:8080", "here"),
        ("bedrock-runtime", "here"),
        ("not-bedrock-runtime.eu-west-1.amazonaws.com", "here"),
    ],
)
def test_the_region_is_the_endpoints_else_the_functions_own(host: str, region: str) -> None:
    assert region_of(f"https://{host}/openai/v1", default="here") == region


def test_botocores_debug_lines_which_hold_the_session_token_are_off() -> None:
    assert request_log  # whose import does it
    assert not logging.getLogger("botocore.auth").isEnabledFor(logging.INFO)


def test_the_signer_is_not_imported_where_an_api_key_is_used() -> None:
    code = """
import sys
from chat_gateway.http_api import handler
assert handler.startup.state.completions
assert not {"botocore.auth", "boto3", "chat_gateway.bedrock.role_signature"} & sys.modules.keys()
"""
    env = {**UPSTREAM, **AWS, "PYTHONPATH": "lambda_src:response-streaming/src"}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
