"""Whether the API answers: it must refuse a key that nobody has, in OpenAI's form."""

from __future__ import annotations

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


def check(deployment: Deployment) -> Result:
    """Whether the API and its authorizer answer."""
    return of_answer(deployment, transport=None)


def of_answer(deployment: Deployment, transport: httpx.BaseTransport | None) -> Result:
    """As `check`. `transport` replaces the network."""
    url = f"{deployment.outputs.base_url}/models"
    # Well-formed, so that API Gateway asks the authorizer, and the authorizer reads the table of clients.
    key = client_key.from_random(secrets.token_bytes(client_key.RANDOM_BYTES))
    try:
        with httpx.Client(timeout=_TIMEOUT_S, transport=transport, trust_env=False) as http:
            answer = http.get(url, headers=client_key.headers(key, deployment.outputs.key_header))
    except httpx.HTTPError as error:
        return findings.unchecked(
            f"could not be checked: no answer from {url} ({type(error).__name__})",
            "See whether this machine reaches the API",
        )
    return _judged(answer, deployment)


def _judged(answer: httpx.Response, deployment: Deployment) -> Result:
    if answer.status_code == HTTPStatus.UNAUTHORIZED and _code(answer) == "invalid_api_key":
        return findings.ok("it answers, and refuses an unknown key")
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log_group = deployment.outputs.authorizer_log_group or "of the authorizer"
        return findings.problem(
            f"it answered {answer.status_code} to an unknown key: the authorizer fails",
            f"See the log group {log_group}",
        )
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return findings.unchecked("could not be checked: the API throttled the request", "Try again.")
    if answer.is_success:
        return findings.problem(
            "it answered an unknown key as if it were a client's",
            f"Somebody has changed the API. Undo this at once: {repairs.command(deployment.env)}",
        )
    return findings.problem(
        f"it answered {answer.status_code} to an unknown key, in place of 401 invalid_api_key",
        "See whether a web ACL, a resource policy or a proxy stands before the API",
    )


def _code(answer: httpx.Response) -> object:
    try:
        return json.loads(answer.content)["error"]["code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
