"""Puts the Bedrock API key into a deployed environment's secret."""

from __future__ import annotations

import re

import boto3

# What the functions accept.
_KEY = re.compile(r"[!-~]{8,16384}")
# As much as to tell that it is too long.
MAX_INPUT_CHARACTERS = 20_000


class InvalidKeyError(ValueError):
    """What was given cannot be a Bedrock API key."""


def put(session: boto3.Session, secret_arn: str, key: str) -> None:
    """Stores `key`; running functions use it within their cache time, or at once when Bedrock refuses the old one.

    Raises InvalidKeyError.
    """
    key = key.strip()
    if not _KEY.fullmatch(key) or key.startswith("REPLACE-WITH-"):
        raise InvalidKeyError("A Bedrock API key is one line of at least 8 visible ASCII characters.")
    session.client("secretsmanager").put_secret_value(SecretId=secret_arn, SecretString=key)
