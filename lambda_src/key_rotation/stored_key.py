"""The Bedrock API key as a version of the secret holds it."""

from __future__ import annotations

import base64
import binascii
import json
from typing import NamedTuple

from chat_gateway.bedrock import settings

# The beginning of a long-term key: https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-how.html
_LONG_TERM = "ABSK"
_API_KEY, _CREDENTIAL_ID, _USER = "api_key", "credential_id", "user"


class StoredKey(NamedTuple):
    """A key, and the IAM credential that it belongs to; None if the secret does not say."""

    api_key: str
    credential_id: str | None = None

    def __repr__(self) -> str:
        return f"StoredKey(credential_id={self.credential_id!r})"

    @property
    def alias(self) -> str | None:
        """The key's public part, which IAM lists as the credential's alias; None if the key shows none.

        AWS does not document that a key holds its alias. Without an alias, other facts must show which key is current.
        """
        encoded = self.api_key.removeprefix(_LONG_TERM)
        if encoded == self.api_key:
            return None
        try:
            decoded = base64.b64decode(encoded, validate=True).decode("ascii")
        except (binascii.Error, ValueError):
            return None
        alias, colon, _ = decoded.partition(":")
        return alias if alias and colon else None

    def to_text(self, user: str) -> str:
        """The text to store."""
        return json.dumps({_API_KEY: self.api_key, _CREDENTIAL_ID: self.credential_id, _USER: user})


def from_text(text: str) -> StoredKey | None:
    """The key in a secret's text: the text itself, or `api_key` of a JSON object. None if the text holds no key."""
    if not text.lstrip().startswith("{"):
        return _stored(text, None)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return _stored(document.get(_API_KEY), document.get(_CREDENTIAL_ID))


def _stored(api_key: object, credential_id: object) -> StoredKey | None:
    """None if there is no key, or the placeholder of a new deployment."""
    if not isinstance(api_key, str) or api_key.strip() in ("", settings.PLACEHOLDER):
        return None
    is_id = isinstance(credential_id, str) and credential_id != ""
    return StoredKey(api_key.strip(), str(credential_id) if is_id else None)
