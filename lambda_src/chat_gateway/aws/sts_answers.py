"""Reads what STS answers to AssumeRole: XML, or the same as JSON, which it sends to clients that accept only JSON.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

from chat_gateway.aws.sigv4 import Credentials
from chat_gateway.core import foreign_json, foreign_text

# Keys and tokens are base64, and no character of a date is escaped in XML. AWS specifies no length of a token.
_VALUE = re.compile(r"[!-%'-;=-~]{1,16384}")
# Many times the size of an answer.
_MAX_BYTES = 65_536
_JSON_PATH = ("AssumeRoleResponse", "AssumeRoleResult", "Credentials")


class Session(NamedTuple):
    """Temporary credentials. They expire at `expires_at`, in seconds since the epoch."""

    credentials: Credentials
    expires_at: float


def session(body: bytes) -> Session:
    """The credentials of the assumed role. Raises ValueError, which holds nothing of the answer."""
    try:
        _check_size(body)
        fields = _json_credentials(body) if body.lstrip()[:1] == b"{" else _Xml(body.decode("ascii"))
        credentials = Credentials(
            _text(fields["AccessKeyId"]), _text(fields["SecretAccessKey"]), _text(fields["SessionToken"])
        )
        return Session(credentials, _seconds(fields["Expiration"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        raise ValueError("STS's answer holds no credentials") from None


def error_code(body: bytes) -> str | None:
    """AWS's name of the error, such as AccessDenied; None if the answer names none."""
    try:
        _check_size(body)
        if body.lstrip()[:1] == b"{":
            return foreign_text.name(foreign_json.loads(body)["Error"]["Code"])
        return foreign_text.name(_Xml(body.decode("utf-8", "replace"))["Code"])
    except (ValueError, KeyError, TypeError):
        return None


def _check_size(body: bytes) -> None:
    if len(body) > _MAX_BYTES:
        raise ValueError


class _Xml:
    """The texts of a document's elements, by their names. No element that is read here is there twice."""

    def __init__(self, document: str) -> None:
        self._document = document

    def __getitem__(self, name: str) -> str:
        """The text, without the blanks around it. Raises KeyError if the element is missing or has other elements."""
        _, found, rest = self._document.partition(f"<{name}>")
        text, end, _ = rest.partition("<")
        if not found or not end:
            raise KeyError(name)
        return text.strip()


def _json_credentials(body: bytes) -> dict[str, Any]:
    document = foreign_json.loads(body)
    for name in _JSON_PATH:
        document = document[name]
    if not isinstance(document, dict):
        raise TypeError
    return document


def _text(value: object) -> str:
    if not isinstance(value, str) or not _VALUE.fullmatch(value):
        raise ValueError
    return value


def _seconds(value: object) -> float:
    """A date in ISO 8601, or seconds since the epoch, as AWS's JSON writes dates."""
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError
    return float(value)
