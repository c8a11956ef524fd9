"""Puts the Bedrock API key into a deployed environment's secret."""

from __future__ import annotations

import boto3


class InvalidKeyError(ValueError):
    """What was given cannot be a Bedrock API key."""


def put(session: boto3.Session, secret_arn: str, key: str) -> None:
    """Stores `key`; running functions use it within their cache time, or at once when Bedrock refuses the old one.

    Raises InvalidKeyError.
    """
    key = key.strip()
    if not key.isascii() or not key.isprintable() or " " in key or len(key) < 8:
        raise InvalidKeyError("A Bedrock API key is one line of at least 8 visible ASCII characters.")
    session.client("secretsmanager").put_secret_value(SecretId=secret_arn, SecretString=key)
