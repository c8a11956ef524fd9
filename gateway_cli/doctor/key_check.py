"""Whether Bedrock accepts the environment's API key.

The request names a guardrail that does not exist, so Bedrock refuses it before a model runs, and it costs nothing. Bedrock
checks the key first. https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
"""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import TYPE_CHECKING

from gateway_cli.doctor import bedrock_plan, findings, secret_check
from gateway_cli.doctor.findings import Result
from guardrail_proof import bedrock_call, probes
from guardrail_proof.bedrock_call import Access, Answer, Bedrock

if TYPE_CHECKING:
    from gateway_cli.doctor.deployment import Deployment

NAME = "Bedrock key"
TIMEOUT_S = 8.0
# In Bedrock's message, in lower case: the key itself is bad. AWS documents no list; these are from public reports.
_ABOUT_THE_KEY = {
    "has expired": "it has expired",
    "is expired": "it has expired",
    "callwithbearertoken": "its user lacks the permission bedrock:CallWithBearerToken",
    "api key is valid": "it is not valid",
    "api key is not valid": "it is not valid",
    "invalid api key": "it is not valid",
    "security token": "it is not valid",
    "scoped to a valid": "it is for another region",
}
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


def check(deployment: Deployment) -> Result:
    """Whether Bedrock accepts the key. Raises botocore's errors."""
    key, base_url = secret_check.read_key(deployment), deployment.outputs.bedrock_base_url
    if key is None:
        return findings.ok("there is none: `make prove` shows whether the functions' roles may call Bedrock")
    if base_url is None:
        return findings.unchecked(
            "could not be checked: the stack has no output BedrockBaseUrl", "Deploy this version."
        )
    route, model = bedrock_plan.own_model(deployment.outputs)
    asked = Bedrock(
        base_url=base_url,
        model=model,
        route=route,
        access=Access(key=key, region=str(deployment.session.region_name)),
        timeout_s=TIMEOUT_S,
    )
    answer = bedrock_call.ask(asked, probes.HARMLESS, (f"gr{secrets.token_hex(6)}", "1"))
    return judged(answer, deployment.env)


def judged(answer: Answer, env: str) -> Result:
    """What Bedrock's answer says of the key."""
    if answer.status is None:
        return findings.unchecked(
            f"could not be checked: no answer from Bedrock ({answer.text})", "Try again."
        )
    if answer.status in _PASSING or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return findings.unchecked(f"could not be checked: Bedrock answered {answer.status}", "Try again.")
    if answer.status == HTTPStatus.OK:
        return findings.problem(
            "Bedrock accepts the key, but its endpoint ignores guardrails: it answered under one that does not exist",
            "Use bedrock-runtime (the setting upstream.url), and run make prove.",
        )
    reason = refusal(answer)
    if reason is not None:
        return findings.problem(
            f"Bedrock refuses the key: {reason}",
            f"Make a new key in the Bedrock console, and store it: make bedrock-key ENV={env}",
        )
    # Any other 403 comes after the key was accepted: the key's policy denies a guardrail that is not the environment's.
    return findings.ok("Bedrock accepts it")


def refusal(answer: Answer) -> str | None:
    """Why Bedrock refuses the key, in our words; None if it accepts the key."""
    text = answer.text.lower()
    known = next((words for wording, words in _ABOUT_THE_KEY.items() if wording in text), None)
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return known or "it is not valid"
    return known if answer.status == HTTPStatus.FORBIDDEN else None
