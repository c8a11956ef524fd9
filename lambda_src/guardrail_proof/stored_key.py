"""The Bedrock API key as the environment's secret holds it."""

from __future__ import annotations

import json

_SHORT_TERM = "bedrock-api-key-"


def in_secret(text: str) -> str:
    """The key in a secret's text: the text itself, or `api_key` of a JSON object. Raises ValueError without a key."""
    if not text.lstrip().startswith("{"):
        return text.strip()
    try:
        key = json.loads(text).get("api_key")
    except RecursionError:
        key = None
    if not isinstance(key, str):
        raise ValueError("no key")  # noqa: TRY004 - a wrong type is like a missing key
    return key.strip()


def is_short_term(key: str) -> bool:
    """Whether the key is a short-term key, which Bedrock accepts only in the region that it was made for.

    https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-how.html
    """
    return key.startswith(_SHORT_TERM)
