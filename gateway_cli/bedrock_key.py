"""Stores the Bedrock API key in the secret of a deployed environment."""

from __future__ import annotations

import re
from collections.abc import Sequence

import boto3

from guardrail_proof import stored_key

# The keys that the functions accept.
_KEY = re.compile(r"[!-~]{8,16384}")
# Longer than any accepted key, so that a key that is too long is noticed.
MAX_INPUT_CHARACTERS = 20_000


class InvalidKeyError(ValueError):
    """The text cannot be a Bedrock API key."""


def put(session: boto3.Session, secret_arn: str, key: str, *, other_regions: Sequence[str] = ()) -> None:
    """Stores `key`. Raises InvalidKeyError, also for a short-term key if the gateway calls Bedrock in `other_regions`.

    Running functions use the new key when their cached key expires, or as soon as Bedrock refuses the old key.
    """
    key = key.strip()
    if not is_well_formed(key) or is_placeholder(key):
        raise InvalidKeyError("A Bedrock API key is one line of at least 8 visible ASCII characters.")
    if other_regions and _is_short_term(key):
        raise InvalidKeyError(
            "This is a short-term key, which is valid in its own region only. The environment also has models in "
            f"{', '.join(other_regions)}. Make a long-term key."
        )
    session.client("secretsmanager").put_secret_value(SecretId=secret_arn, SecretString=key)


def is_well_formed(key: str) -> bool:
    """Whether the functions accept the form of the key."""
    return _KEY.fullmatch(key) is not None


def is_placeholder(key: str) -> bool:
    """Whether the text is the one that the stack stores before there is a key."""
    return key.startswith("REPLACE-WITH-")


def _is_short_term(text: str) -> bool:
    try:
        return stored_key.is_short_term(stored_key.in_secret(text))
    except ValueError:
        return False
