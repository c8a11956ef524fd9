"""Which tokens are accepted, read from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables

_VARIABLES: variables.Variables = {
    "issuer": ("JWT_ISSUER", str),
    "audience": ("JWT_AUDIENCE", str),
    "jwks_url": ("JWT_JWKS_URL", str),
    "client_claim": ("JWT_CLIENT_CLAIM", str),
    "audience_claim": ("JWT_AUDIENCE_CLAIM", str),
}
# An Authorization header that may hold a token of at most 4,000 characters. API Gateway refuses any other without asking the
# authorizer.
AUTHORIZATION = "^[Bb][Ee][Aa][Rr][Ee][Rr] +[A-Za-z0-9._-]{20,4000}$"
MAX_CHARACTERS = 4000


class JwtSettings(NamedTuple):
    """Who issues the tokens, for whom, and where the issuer's public keys are."""

    issuer: str
    audience: str
    jwks_url: str
    client_claim: str  # its value is the client's id
    audience_claim: str  # aud, or where some access tokens have their audience

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> JwtSettings:
        """Raises ConfigurationError naming the variable that is missing or wrong."""
        return cls(**variables.read_all(env, _VARIABLES))

    def to_env(self) -> dict[str, str]:
        """The variables that the stack sets."""
        return variables.written(self, _VARIABLES)
