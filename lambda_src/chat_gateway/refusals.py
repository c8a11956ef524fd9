"""Says why Bedrock refused a request (401, 403) in words of ours: its own may repeat the prompt or the key.

The wordings are those that AWS documents and that public reports quote. One that nobody knows is told by its error class.
https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import NamedTuple

_BEARER_ACTION = "callwithbearertoken"
# Of a message in lower case. The key itself is at fault, and an operator must replace it.
_ABOUT_THE_KEY = {
    "api key is valid": "the API key is not valid",
    "api key is not valid": "the API key is not valid",
    "invalid api key": "the API key is not valid",
    "has expired": "the key has expired",
    "is expired": "the key has expired",
    "security token": "the security token is invalid",
    "scoped to a valid": "the signature is for another region or service",
    "signature": "the signature is refused",
    _BEARER_ACTION: "the key's user may not use bearer tokens",
}
# AWS's classes of errors that are about credentials, whatever the message:
# https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
_CLASSES_ABOUT_THE_KEY = {
    "ExpiredTokenException": "the key has expired",
    "IncompleteSignature": "the signature is refused",
    "InvalidClientTokenId": "the security token is invalid",
    "InvalidSignatureException": "the signature is refused",
    "MissingAuthenticationToken": "the request carried no credentials",
    "UnrecognizedClientException": "the security token is invalid",
}
# The credentials are good, and may not use this model or guardrail.
_ABOUT_ACCESS = {
    "marketplace": "the model needs a subscription in AWS Marketplace",
    "payment instrument": "the account has no valid payment instrument",
    "agreement": "the account has no agreement for this model",
    "access to the model": "the account has no access to the model",
    "not available": "the model is not available to this account",
    "account is not auth": "the account is not authorized",
    "not authorized": "not authorized",
    "kms:": "an encryption key may not be used",
    "explicit deny": "a policy denies it explicitly",
}
_ARN = re.compile(r"arn:\S+")  # a caller's model id stands in it
_ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]{1,40}:[A-Za-z]{1,60})")
_RESOURCE = re.compile(r"on resource:? (arn:aws[a-z-]{0,10}:[A-Za-z0-9:/._-]{1,300})")


class Refusal(NamedTuple):
    """`reason` holds no word of Bedrock's but its error class, an action and a resource. `is_about_key`: the key is bad."""

    reason: str
    is_about_key: bool


def read(status: int, error_class: str | None, message: str) -> Refusal:
    """What a 401 or 403 with this message means. `error_class` is AWS's, None where the answer has none."""
    plain = _ARN.sub("", message.lower())
    about_key = _about_key(plain) or _CLASSES_ABOUT_THE_KEY.get(error_class or "")
    words = about_key or _first_known(_ABOUT_ACCESS, plain) or "no known reason"
    details = [found[1] for found in (_ACTION.search(message), _RESOURCE.search(message)) if found]
    reason = " ".join([f"{error_class or f'HTTP {status}'}: {words}", *details])
    return Refusal(reason, status == HTTPStatus.UNAUTHORIZED or about_key is not None)


def _about_key(plain: str) -> str | None:
    if "not authorized to perform" in plain and _BEARER_ACTION not in plain:
        return None
    return _first_known(_ABOUT_THE_KEY, plain)


def _first_known(wordings: dict[str, str], plain: str) -> str | None:
    return next((words for wording, words in wordings.items() if wording in plain), None)
