"""Asks Bedrock directly, by its chat completions or by Converse.

With a guardrail that does not exist, Bedrock must refuse: an endpoint that ignores guardrails would answer. With the
guardrail of another region, Bedrock must block the canary there.
"""

from __future__ import annotations

import json
import secrets
import time
from http import HTTPStatus

from guardrail_proof import bedrock_call, probes, stored_key
from guardrail_proof.bedrock_call import Access, Answer, Bedrock
from guardrail_proof.plan import CONVERSE
from guardrail_proof.probes import HARMLESS, Probe

NAME = "a guardrail that does not exist, at Bedrock"
_ATTEMPTS, _PAUSE_S = 2, 5.0
# The longest time for a probe.
WITHIN_S = _ATTEMPTS * bedrock_call.TIMEOUT_S + (_ATTEMPTS - 1) * _PAUSE_S
_REFUSED = (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND)
_DENIED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def unknown_guardrail(bedrock: Bedrock) -> Probe:
    """Whether Bedrock refuses the guardrail. Other errors, such as missing access, show nothing."""
    answer = bedrock_call.ask(bedrock, HARMLESS, (f"gr{secrets.token_hex(6)}", "1"))
    return _of_unknown(_named(NAME, bedrock), answer)


def canary_blocked(bedrock: Bedrock, prompt: str) -> Probe:
    """Whether the region's guardrail blocks `prompt`. No answer and a refusal are failures."""
    name = _named("the canary, at Bedrock", bedrock)
    if bedrock.guardrail is None:
        return Probe(name, None, not_shown="the environment enforces no guardrail")
    for _ in range(_ATTEMPTS - 1):
        answer = bedrock_call.ask(bedrock, prompt, bedrock.guardrail)
        if not _may_pass(answer):
            return _of_canary(name, bedrock, answer)
        time.sleep(_PAUSE_S)
    return _of_canary(name, bedrock, bedrock_call.ask(bedrock, prompt, bedrock.guardrail))


def _of_unknown(name: str, answer: Answer) -> Probe:
    if answer.status is None:
        return Probe(name, None, not_shown=answer.text)
    if answer.status == HTTPStatus.OK:
        return Probe(name, "was answered; the endpoint ignores guardrails")
    if answer.status in _DENIED:
        return Probe(name, None, not_shown="the credentials may not ask Bedrock")
    if answer.status in _REFUSED and "guardrail" in answer.text.lower():
        return Probe(name, None)
    return Probe(name, None, not_shown=f"Bedrock answered {answer.status} about something else")


def _of_canary(name: str, bedrock: Bedrock, answer: Answer) -> Probe:
    if answer.status == HTTPStatus.OK:
        is_blocked = _is_block(bedrock.route, answer.text)
        return Probe(name, None if is_blocked else "was answered; the guardrail there does not block it")
    if answer.status in _DENIED:
        return _denied(name, bedrock.access)
    if answer.status is None:
        return Probe(name, f"had no answer: {answer.text}", is_error=True)
    about = " about the guardrail" if "guardrail" in answer.text.lower() else ""
    return Probe(name, f"ended with error {answer.status}{about}", is_error=True)


def _denied(name: str, access: Access) -> Probe:
    if access.key is not None and stored_key.is_short_term(access.key):
        says = "was refused: the stored key is a short-term key, which is valid in its own region only"
    elif access.key is not None:
        says = "was refused: the stored key may not use the model with this guardrail there"
    elif access.signs_as_function:
        says = "was refused: the function's role may not use the model with this guardrail there"
    else:
        return Probe(name, None, not_shown="the credentials may not ask Bedrock")
    return Probe(name, says, is_error=True)


def _is_block(route: str, text: str) -> bool:
    try:
        document = json.loads(text)
        if route == CONVERSE:
            return bool(document["stopReason"] == "guardrail_intervened")
        is_guardrails = str(document.get("id")).startswith("bedrock-guardrails-")
        return bool(is_guardrails or document["choices"][0]["finish_reason"] == "content_filter")
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return False


def _may_pass(answer: Answer) -> bool:
    return answer.status is None or probes.is_passing(answer.status)


def _named(name: str, bedrock: Bedrock) -> str:
    region = f" in {bedrock.region}" if bedrock.region is not None else ""
    return f"{name}{region}{', by Converse' if bedrock.route == CONVERSE else ''}"
