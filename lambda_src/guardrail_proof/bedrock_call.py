"""One request to Bedrock itself, by its chat completions or by Converse, under a guardrail."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from guardrail_proof import answer_text, stored_key
from guardrail_proof.plan import CONVERSE, NATIVE

if TYPE_CHECKING:
    import boto3

    from guardrail_proof.settings import Gateway

# For an answer, and for each wait for its next bytes.
TIMEOUT_S = 20
MAX_ANSWER_BYTES = 65_536
# In the CloudTrail of the role's account.
_SESSION_NAME = "bedrock-chat-gateway-proof"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How requests authenticate: with the environment's API key, or else with the signature of `signer`.

    `region` is the gateway's. `signs_as_function`: the signer may ask for what the gateway's functions may.
    """

    key: str | None = field(repr=False)
    signer: ReadOnlyCredentials | None = field(default=None, repr=False)
    region: str
    signs_as_function: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bedrock:
    """Where and what to ask. `base_url` ends in /openai/v1. `region`: None for the gateway's own.

    `guardrail` is the identifier and version of the region's guardrail. `max_tokens` limits the answer.
    """

    base_url: str
    model: str
    access: Access
    route: str = NATIVE
    region: str | None = None
    guardrail: tuple[str, str] | None = None
    max_tokens: int | None = None
    timeout_s: float = TIMEOUT_S
    transport: httpx.BaseTransport | None = None


class Answer(NamedTuple):
    """The status, and the beginning of the body. Without an answer: None, and the error's name."""

    status: int | None
    text: str


def access(session: boto3.Session, gateway: Gateway, *, signs_as_function: bool) -> Access:
    """Reads the key, or assumes the gateway's role. Without both, the session's credentials sign.

    Raises botocore's errors and ValueError.
    """
    region = str(session.region_name)
    if gateway.secret_arn is not None:
        text = session.client("secretsmanager").get_secret_value(SecretId=gateway.secret_arn)["SecretString"]
        return Access(key=stored_key.in_secret(text), region=region)
    if gateway.role_arn is not None:
        signer = _assumed(session, gateway.role_arn, gateway.role_external_id)
        return Access(key=None, signer=signer, region=region, signs_as_function=signs_as_function)
    credentials: Any = session.get_credentials()
    if credentials is None:
        raise ValueError("no credentials")
    signer = credentials.get_frozen_credentials()
    return Access(key=None, signer=signer, region=region, signs_as_function=signs_as_function)


def _assumed(session: boto3.Session, role_arn: str, external_id: str | None) -> ReadOnlyCredentials:
    given = {} if external_id is None else {"ExternalId": external_id}
    sts = session.client("sts")
    found = sts.assume_role(RoleArn=role_arn, RoleSessionName=_SESSION_NAME, **given)["Credentials"]
    return ReadOnlyCredentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


def ask(bedrock: Bedrock, prompt: str, guardrail: tuple[str, str] | None) -> Answer:
    """Sends `prompt` under `guardrail` (identifier and version), or under none.

    At most MAX_ANSWER_BYTES of the answer are read.
    """
    url, headers, body = (_converse if bedrock.route == CONVERSE else _native)(bedrock, prompt, guardrail)
    content = json.dumps(body).encode()
    headers |= {**answer_text.UNCOMPRESSED, "content-type": "application/json"}
    headers |= _authorization(bedrock, url, content)
    deadline = time.monotonic() + bedrock.timeout_s
    try:
        with (
            httpx.Client(timeout=bedrock.timeout_s, transport=bedrock.transport, trust_env=False) as http,
            http.stream("POST", url, content=content, headers=headers) as answer,
        ):
            text = answer_text.beginning(answer, max_bytes=MAX_ANSWER_BYTES, deadline=deadline)
            return Answer(answer.status_code, text.decode(errors="replace"))
    except (httpx.HTTPError, ValueError) as error:  # ValueError: the key is none for a header
        return Answer(None, type(error).__name__)


def _native(
    bedrock: Bedrock, prompt: str, guardrail: tuple[str, str] | None
) -> tuple[httpx.URL, dict[str, str], dict[str, Any]]:
    headers: dict[str, str] = {}
    if guardrail is not None:
        headers["x-amzn-bedrock-guardrailidentifier"], headers["x-amzn-bedrock-guardrailversion"] = guardrail
    body: dict[str, Any] = {"model": bedrock.model, "messages": [{"role": "user", "content": prompt}]}
    if bedrock.max_tokens is not None:
        body["max_completion_tokens"] = bedrock.max_tokens
    return httpx.URL(f"{bedrock.base_url}/chat/completions"), headers, body


def _converse(
    bedrock: Bedrock, prompt: str, guardrail: tuple[str, str] | None
) -> tuple[httpx.URL, dict[str, str], dict[str, Any]]:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"""
    path = f"/model/{quote(bedrock.model, safe='')}/converse"
    body: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": prompt}]}]}
    if guardrail is not None:
        identifier, version = guardrail
        body["guardrailConfig"] = {"guardrailIdentifier": identifier, "guardrailVersion": version}
    if bedrock.max_tokens is not None:
        body["inferenceConfig"] = {"maxTokens": bedrock.max_tokens}
    return httpx.URL(bedrock.base_url).copy_with(raw_path=path.encode()), {}, body


def _authorization(bedrock: Bedrock, url: httpx.URL, content: bytes) -> dict[str, str]:
    access = bedrock.access
    if access.key is not None:
        return {"authorization": f"Bearer {access.key}"}
    request = AWSRequest("POST", str(url), data=content, headers={"content-type": "application/json"})
    signer: Any = access.signer
    SigV4Auth(signer, "bedrock", bedrock.region or access.region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}
