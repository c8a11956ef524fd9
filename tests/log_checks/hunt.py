"""Hunts for what no log line may hold: keys, personal data, and the texts of the tests' prompts and completions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# Client keys, Bedrock's keys of both kinds, AWS's access keys, bearer tokens.
_KEY = re.compile(
    r"\bbcg-[0-9A-Za-z_-]{16,}|\bsk-bcg-|\bABSK[A-Za-z0-9+/=]{12,}|\bbedrock-api-key-[A-Za-z0-9]{8,}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|(?i:\bbearer [!-~]{8,})|X-Amz-Signature"
)
_E_MAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}")
_IP_ADDRESS = re.compile(
    r"(?<![0-9.])(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?![0-9.])"
    r"|(?<![0-9A-Fa-f:])(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}(?![0-9A-Fa-f:])"
)
_PHONE = re.compile(
    r"(?<![0-9A-Za-z])(?:\+\d{1,3}[ .-]?)?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![0-9A-Za-z])|\+\d{1,3} \d[\d ]{6,}"
)
_CARD = re.compile(
    r"(?<![0-9A-Za-z-])(?:\d{4}[ -]){3}\d{1,7}(?![0-9A-Za-z-])|(?<![0-9A-Za-z])\d{15,16}(?![0-9A-Za-z])"
)
_PATTERNS = {
    "a key": _KEY,
    "an e-mail address": _E_MAIL,
    "an IP address": _IP_ADDRESS,
    "a phone number": _PHONE,
    "a card number": _CARD,
}
# Whatever matches a pattern matches this, which most lines do not.
_HINT = re.compile(
    r"[@+]|\d(?:\.\d|\d\d[ .)-]{1,2}\d{3}|\d{14}|\d{3}[ -]\d{4}[ -])|(?:[0-9a-f]{1,4}:){7}"
    r"|bcg-|ABSK|bedrock-api-key-|AKIA|ASIA|X-Amz|(?i:bearer )"
)
# Set by the gateway or AWS, and full of digits.
_NOT_SEARCHED = frozenset({"_aws", "timestamp", "location", "level", "service", "message"})


def found_in(line: dict[str, Any]) -> list[str]:
    """What the line holds and may not, each with its field."""
    searched = {name: value for name, value in line.items() if name not in _NOT_SEARCHED}
    if not _HINT.search("\n".join(_texts(searched))):
        return []
    return [
        f"{line.get('message')}: {name} holds {what}"
        for name, value in searched.items()
        for text in _texts(value)
        for what in found_in_text(text)
    ]


def found_in_text(text: str) -> list[str]:
    """The kinds of secrets and personal data in the text."""
    return [what for what, pattern in _PATTERNS.items() if _is_found(what, pattern, text)]


def _is_found(what: str, pattern: re.Pattern[str], text: str) -> bool:
    matches = (match.group() for match in pattern.finditer(text))
    return any(_has_check_digit(match) for match in matches) if what == "a card number" else any(matches)


def _has_check_digit(text: str) -> bool:
    """Whether the digits pass Luhn's check, as those of every card do."""
    digits = [int(digit) for digit in text if digit.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _texts(value: Any) -> Iterator[str]:
    """The texts in a field's value, with the names of its fields."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
