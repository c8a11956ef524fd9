"""Sends the Bedrock API key as a bearer token, and finds a newer key if Bedrock refuses it."""

from __future__ import annotations

import math

import httpx

from chat_gateway.bedrock.api_key import BedrockApiKey
from chat_gateway.bedrock.auth import UpstreamAuth


class BearerAuth(UpstreamAuth):
    """Authenticates one attempt with one key."""

    refused_as = "Bedrock refused the key"

    def __init__(self, base_url: str, api_key: BedrockApiKey, key: str) -> None:
        super().__init__(base_url)
        self._base_url, self._api_key, self._key = base_url, api_key, key

    def sign(self, request: httpx.Request) -> None:
        """Adds the bearer token."""
        request.headers["authorization"] = f"Bearer {self._key}"

    def concealed(self, text: str) -> str:
        """`text` with the key masked."""
        return text.replace(self._key, "***")

    def after_refusal(self, *, ends_at: float = math.inf) -> BearerAuth | None:
        """Authentication with the secret's current key; None if it is the same key. Raises UpstreamCredentialsError."""
        replacement = self._api_key.replacement_for(self._key, ends_at=ends_at)
        return None if replacement is None else BearerAuth(self._base_url, self._api_key, replacement)


class BearerCredentials:
    """Credentials from the environment's Bedrock API key."""

    def __init__(self, base_url: str, api_key: BedrockApiKey) -> None:
        self._base_url, self._api_key = base_url, api_key

    def auth(self, *, ends_at: float = math.inf) -> BearerAuth:
        """Authentication with the current key, read by `ends_at` (on time.monotonic()). Raises UpstreamCredentialsError."""
        return BearerAuth(self._base_url, self._api_key, self._api_key.get(ends_at=ends_at))

    def at(self, base_url: str, region: str) -> BearerCredentials:  # noqa: ARG002 - a long-term key has no region
        """The same key for another endpoint."""
        return BearerCredentials(base_url, self._api_key)
