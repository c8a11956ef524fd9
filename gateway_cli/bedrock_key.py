"""Stores the Bedrock API key in the secret of a deployed environment."""

from __future__ import annotations

import re

import boto3

# The keys that the functions accept.
_KEY = re.compile(r"[!-~]{8,16384}")
# Longer than any accepted key, so that a key that is too long is noticed.
MAX_INPUT_CHARACTERS = 20_000


class InvalidKeyError(ValueError):
    """The text cannot be a Bedrock API key."""


def put(session: boto3.Session, secret_arn: str, key: str) -> None:
    """Stores `key`. Raises InvalidKeyError.

    Running functions use the new key when their cached key expires, or as soon as Bedrock refuses the old key.
    """
    key = key.strip()
    if not _KEY.fullmatch(key) or key.startswith("REPLACE-WITH-"):
        raise InvalidKeyError("A Bedrock API key is one line of at least 8 visible ASCII characters.")
    session.client("secretsmanager").put_secret_value(SecretId=secret_arn, SecretString=key)
