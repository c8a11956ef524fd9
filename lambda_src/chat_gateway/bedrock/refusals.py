"""Says why Bedrock refused a request (401, 403) in our own words: Bedrock's may repeat the prompt or the key.

The known wordings come from AWS's documentation and public reports. For an unknown one, the error class is shown.
https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import NamedTuple

from chat_gateway.core import foreign_text

_BEARER_ACTION = "bedrock:CallWithBearerToken"
# In a lower-case message without a wording of `_ABOUT_ACCESS`: the key itself is bad, and an operator must replace it.
_ABOUT_THE_KEY = {
    "api key is valid": "the API key is not valid",
    "api key is not valid": "the API key is not valid",
    "invalid api key": "the API key is not valid",
    "has expired": "the key has expired",
    "is expired": "the key has expired",
    "security token": "the security token is invalid",
    "scoped to a valid": "the signature is for another region or service",
    "request signature": "the signature is refused",
    "signature expired": "the signature is refused",
    "signature not yet current": "the signature is refused",
}
# AWS's error classes that always mean bad credentials:
# https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
_CLASSES_ABOUT_THE_KEY = {
    "ExpiredTokenException": "the key has expired",
    "IncompleteSignature": "the signature is refused",
    "InvalidClientTokenId": "the security token is invalid",
    "InvalidSignatureException": "the signature is refused",
    "MissingAuthenticationToken": "the request carried no credentials",
    "UnrecognizedClientException": "the security token is invalid",
}
# The credentials are valid, but may not use this model or guardrail.
_ABOUT_ACCESS = {
    "subscription": "the model needs a subscription in AWS Marketplace",
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
_ARN = re.compile(r"arn:\S+")  # may contain a caller's model id
_ACTION = re.compile(r"not authorized to perform:? ([a-z0-9-]{1,40}:[A-Za-z]{1,60})")
_RESOURCE = re.compile(
    r"on resource:? (arn:aws[a-z-]{0,10}:[a-z0-9-]{1,20}:[a-z0-9-]{0,20}:[0-9]{0,12}:([a-z-]{1,40})/)([A-Za-z0-9:/._-]{1,200})"
)
# Types of resources that an operator names.
_OPERATORS = ("guardrail", "key")


class Refusal(NamedTuple):
    """`reason` holds nothing of Bedrock's text but error class, action and resource. `is_about_key`: the key is bad.

    A resource name that may come from a caller is shown only if it can be a model's.
    """

    reason: str
    is_about_key: bool


def read(status: int, error_class: str | None, message: str) -> Refusal:
    """The meaning of a 401 or 403 with this message. `error_class` is AWS's, None if the answer has none."""
    plain = _ARN.sub("", message.lower())
    action = _ACTION.search(message)
    about_access = _first_known(_ABOUT_ACCESS, plain)
    if action is not None and action[1] == _BEARER_ACTION:
        about_key: str | None = "the key's user may not use bearer tokens"
    else:
        about_key = None if about_access else _first_known(_ABOUT_THE_KEY, plain)
    about_key = about_key or _CLASSES_ABOUT_THE_KEY.get(error_class or "")
    words = about_key or about_access or "unknown reason"
    details = [detail for detail in (action and action[1], _resource(message)) if detail]
    reason = " ".join([f"{error_class or f'HTTP {status}'}: {words}", *details])
    return Refusal(reason, status == HTTPStatus.UNAUTHORIZED or about_key is not None)


def _resource(message: str) -> str | None:
    found = _RESOURCE.search(message)
    if found is None:
        return None
    arn, type_, name = found.groups()
    return arn + name if type_ in _OPERATORS or foreign_text.model(arn + name) else f"{arn}(not shown)"


def _first_known(wordings: dict[str, str], plain: str) -> str | None:
    return next((words for wording, words in wordings.items() if wording in plain), None)
