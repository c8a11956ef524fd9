"""Asks Bedrock directly, with a guardrail that does not exist. Bedrock must refuse.

An endpoint that ignores the guardrail headers would answer the request.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError

from guardrail_proof import answer_text
from guardrail_proof.probes import HARMLESS, Probe

if TYPE_CHECKING:
    import boto3

NAME = "a guardrail that does not exist, at Bedrock"
WITHIN_S = 30
_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
_DENIED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
MAX_ERROR_BYTES = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Bedrock:
    """`base_url` ends in /openai/v1. `secret_arn`: the secret with the API key; None: the session signs requests."""

    base_url: str
    model: str
    secret_arn: str | None
    transport: httpx.BaseTransport | None = None


def unknown_guardrail(bedrock: Bedrock, session: boto3.Session) -> Probe:
    """Whether Bedrock refuses the guardrail. Other errors, such as missing access, show nothing.

    The API key is read for this call and not stored.
    """
    content = json.dumps(
        {"model": bedrock.model, "messages": [{"role": "user", "content": HARMLESS}]}
    ).encode()
    url = f"{bedrock.base_url}/chat/completions"
    headers = {
        **answer_text.UNCOMPRESSED,
        "content-type": "application/json",
        "x-amzn-bedrock-guardrailidentifier": f"gr{secrets.token_hex(6)}",
        "x-amzn-bedrock-guardrailversion": "1",
    }
    deadline = time.monotonic() + WITHIN_S
    try:
        headers |= _authorization(bedrock, session, url, content)
        with (
            httpx.Client(timeout=WITHIN_S, transport=bedrock.transport, trust_env=False) as http,
            http.stream("POST", url, content=content, headers=headers) as answer,
        ):
            content = answer_text.beginning(answer, max_bytes=MAX_ERROR_BYTES, deadline=deadline)
            return judged(answer.status_code, content.decode(errors="replace"))
    except (BotoCoreError, ClientError, httpx.HTTPError, ValueError) as error:
        return Probe(NAME, None, not_shown=type(error).__name__)


def judged(status: int, text: str) -> Probe:
    """The probe for an answer of `status` that begins with `text`."""
    if status == HTTPStatus.OK:
        return Probe(NAME, "was answered; the endpoint ignores guardrails")
    if status in _DENIED:
        return Probe(NAME, None, not_shown="the credentials may not ask Bedrock")
    if status in _REFUSED and "guardrail" in text.lower():
        return Probe(NAME, None)
    return Probe(NAME, None, not_shown=f"Bedrock answered {status} about something else")


def _authorization(bedrock: Bedrock, session: boto3.Session, url: str, content: bytes) -> dict[str, str]:
    if bedrock.secret_arn is not None:
        text = session.client("secretsmanager").get_secret_value(SecretId=bedrock.secret_arn)["SecretString"]
        return {"authorization": f"Bearer {_key_in(text)}"}
    request = AWSRequest("POST", url, data=content, headers={"content-type": "application/json"})
    credentials: Any = session.get_credentials()
    if credentials is None:
        raise ValueError("no credentials")
    SigV4Auth(credentials, "bedrock", session.region_name).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


def _key_in(text: str) -> str:
    """The key in a secret's text: the text itself, or `api_key` of a JSON object. Raises ValueError without a key."""
    if not text.lstrip().startswith("{"):
        return text.strip()
    key = json.loads(text).get("api_key")
    if not isinstance(key, str):
        raise ValueError("no key")  # noqa: TRY004 - a wrong type is like a missing key
    return key.strip()
