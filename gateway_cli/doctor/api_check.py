"""Whether the API answers: it must refuse a key that nobody has, or a request without a signature, in OpenAI's form."""

from __future__ import annotations

import base64
import json
import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

import httpx

from client_keys import key as client_key
from gateway_cli.doctor import findings, repairs
from gateway_cli.doctor.findings import Result

if TYPE_CHECKING:
    from gateway_cli.doctor.deployment import Deployment

NAME = "API"
_TIMEOUT_S = 8.0
# By client_auth, what the check sends, and the code of the refusal.
_SENT = {
    "keys": ("an unknown key", "invalid_api_key"),
    "iam": ("a request without a signature", "invalid_signature"),
    "jwt": ("a token that nobody signed", "invalid_api_key"),
}


def check(deployment: Deployment) -> Result:
    """Whether the API answers, and its authorizer, if it has one."""
    return of_answer(deployment, transport=None)


def of_answer(deployment: Deployment, transport: httpx.BaseTransport | None) -> Result:
    """As `check`. `transport` replaces the network."""
    url = f"{deployment.outputs.base_url}/models"
    try:
        with httpx.Client(timeout=_TIMEOUT_S, transport=transport, trust_env=False) as http:
            answer = http.get(url, headers=_headers(deployment))
    except httpx.HTTPError as error:
        return findings.unchecked(
            f"could not be checked: no answer from {url} ({type(error).__name__})",
            "See whether this machine reaches the API",
        )
    return _judged(answer, deployment)


def _headers(deployment: Deployment) -> dict[str, str]:
    """A well-formed credential, so that API Gateway asks the authorizer, and the authorizer looks for it."""
    client_auth = deployment.outputs.client_auth
    if client_auth == "iam":
        return {}
    key = client_key.from_random(secrets.token_bytes(client_key.RANDOM_BYTES))
    return client_key.headers(key if client_auth == "keys" else _token(), deployment.outputs.key_header)


def _token() -> str:
    """A JWT under a key that the issuer does not have, so that the authorizer asks the issuer."""
    head = json.dumps({"alg": "RS256", "kid": secrets.token_hex(8)}).encode()
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (head, b"{}", b"none"))


def _judged(answer: httpx.Response, deployment: Deployment) -> Result:
    sent, code = _SENT[deployment.outputs.client_auth]
    if answer.status_code == HTTPStatus.UNAUTHORIZED and _code(answer) == code:
        return findings.ok(f"it answers, and refuses {sent}")
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _failing(answer.status_code, sent, deployment)
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return findings.unchecked("could not be checked: the API throttled the request", "Try again.")
    if answer.is_success:
        return findings.problem(
            f"it answered {sent} as if it were a client's",
            f"Somebody has changed the API. Undo this at once: {repairs.command(deployment.env)}",
        )
    return findings.problem(
        f"it answered {answer.status_code} to {sent}, in place of 401 {code}",
        "See whether a web ACL, a resource policy or a proxy stands before the API",
    )


def _failing(status: int, sent: str, deployment: Deployment) -> Result:
    """API Gateway answers requests without a signature itself, and asks the authorizer about all others."""
    outputs = deployment.outputs
    if outputs.client_auth == "iam":
        failing, log_group = "API Gateway", outputs.by_name.get("AccessLogGroupName", "of the access log")
    else:
        failing, log_group = "the authorizer", outputs.authorizer_log_group or "of the authorizer"
    return findings.problem(
        f"it answered {status} to {sent}: {failing} fails", f"See the log group {log_group}"
    )


def _code(answer: httpx.Response) -> object:
    try:
        return json.loads(answer.content)["error"]["code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
