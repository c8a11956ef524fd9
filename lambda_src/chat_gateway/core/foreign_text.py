"""Checks text that Bedrock or a caller sent before it enters an error, a header or a log line.

A name (an error code, an id) that does not match its pattern is dropped. A message is cut, and its secrets are masked.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Conceal = Callable[[str], str]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/+=#@-]{0,127}")
# re compiles and caches each of these at first use.
_PLACE = r"[A-Za-z0-9_.\[\]'\"/$-]{1,200}"
_PATH = r"/[!-~]{0,199}"
# An operator's names of a guardrail's topics, filters and patterns.
_LABEL = r"[A-Za-z0-9 _.!?-]{1,100}"
_HEADER_VALUE = r"[ -~]{1,64}"
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (modelId)
_MODEL_ID = r"[a-z0-9-]{1,30}(?:\.[a-z0-9-]{1,63}){1,3}(?::[a-z0-9]{1,10}){0,2}"
_ARN = r"arn:aws[a-z-]{0,10}:bedrock:[a-z0-9-]{1,20}:[0-9]{0,12}:[a-z-]{1,40}/"
_RESOURCE_ID = r"[a-z0-9]{6,12}"  # of an application inference profile or an imported model, for example
_MODEL = rf"(?:{_ARN})?{_MODEL_ID}(?:/{_RESOURCE_ID})?|{_ARN}{_RESOURCE_ID}"
_MAX_MESSAGE_CHARACTERS = 8192  # an error that repeats the prompt must still fit into an SQS message
# Client keys (bcg-, sk-), Bedrock API keys, AWS access keys, and any bearer token.
_KEY = re.compile(
    r"(?i)\bbearer\s{1,8}[!-~]{8,}"
    r"|(?:(?<![a-z])sk-|bcg-|ABSK|bedrock-api-key-|AKIA|ASIA)[A-Za-z0-9_.~+/=-]{12,}"
)
# Every key contains one of these in lower case. Text without them, which is most text, need not be searched.
_KEY_HINTS = ("sk-", "bcg-", "absk", "bedrock-api-key-", "akia", "asia", "bearer")
_CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"


def nothing_to_conceal(text: str) -> str:
    """`text` unchanged: for text that cannot hold our credentials."""
    return text


def name(value: object, conceal: Conceal = nothing_to_conceal) -> str | None:
    """`value` if it is a name (at most 128 letters, digits and `_.:/+=#@-`) and not a key, else None."""
    return _matching(value, _NAME, conceal)


def place(value: object, conceal: Conceal = nothing_to_conceal) -> str | None:
    """`value` if it is a parameter's path such as `messages[0].content`, at most 200 characters, else None."""
    return _matching(value, _PLACE, conceal)


def label(value: object, conceal: Conceal = nothing_to_conceal) -> str | None:
    """`value` if it can be a name in a guardrail (at most 100 characters) and is not a key, else None."""
    return _matching(value, _LABEL, conceal)


def model(value: object) -> str | None:
    """`value` if it has the form of an id or ARN of a model or inference profile and is not a key, else None."""
    return _matching(value, _MODEL, nothing_to_conceal)


def path(value: object) -> str | None:
    """`value` without its query if it is a path (at most 200 visible ASCII characters) and not a key, else None."""
    return _matching(value.partition("?")[0], _PATH, nothing_to_conceal) if isinstance(value, str) else None


def header_value(value: object, conceal: Conceal = nothing_to_conceal) -> str | None:
    """`value` if it is at most 64 printable ASCII characters and not a key, else None."""
    return _matching(value, _HEADER_VALUE, conceal)


def message(value: object, conceal: Conceal = nothing_to_conceal) -> str | None:
    """The first 8,192 characters of `value`, without keys and control characters; None if it is not text."""
    if not isinstance(value, str) or not value.strip():
        return None
    return re.sub(_CONTROL, "\ufffd", without_keys(conceal(value)))[:_MAX_MESSAGE_CHARACTERS]


def without_keys(text: str) -> str:
    """`text` with everything that looks like a key masked."""
    plain = text.lower()
    for hint in _KEY_HINTS:
        if hint in plain:
            return _KEY.sub("***", text)
    return text


def _matching(value: object, pattern: str | re.Pattern[str], conceal: Conceal) -> str | None:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        return None
    return value if without_keys(conceal(value)) == value else None
