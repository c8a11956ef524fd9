"""Reads a token: its signature, its issuer, its audience, its times, and the claim that names the client.

https://www.rfc-editor.org/rfc/rfc8725 has the rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jwt import PyJWK, PyJWT, get_unverified_header
from jwt.exceptions import (
    ExpiredSignatureError,
    ImmatureSignatureError,
    InvalidAudienceError,
    InvalidIssuerError,
    InvalidSignatureError,
    MissingRequiredClaimError,
    PyJWTError,
)

from client_keys.policy import CLIENT_ID
from jwt_clients.errors import RefusedTokenError
from jwt_clients.settings import MAX_CHARACTERS, JwtSettings

# Clocks differ.
_LEEWAY_S = 30
_AUDIENCE = "aud"
_REASONS: tuple[tuple[type[PyJWTError], str], ...] = (
    (ExpiredSignatureError, "the token has expired"),
    (ImmatureSignatureError, "the token is not valid yet"),
    (InvalidAudienceError, "the token is for another audience"),
    (InvalidIssuerError, "the token is from another issuer"),
    (InvalidSignatureError, "the signature is wrong"),
    (MissingRequiredClaimError, "a claim is missing"),
)
_MALFORMED = "the token is malformed"
# What PyJWT lets through from the JSON of a token that somebody made up.
_OF_MADE_UP_TOKENS = (ValueError, TypeError, OverflowError, RecursionError, AttributeError)


class Tokens:
    """Reads tokens. `key` finds the issuer's key by its id, as `SigningKeys.key` does."""

    def __init__(self, settings: JwtSettings, key: Callable[[str], PyJWK | None]) -> None:
        self._settings, self._key = settings, key
        self._checks_audience = settings.audience_claim == _AUDIENCE
        self._jwt = PyJWT({"enforce_minimum_key_length": True})

    def client_id(self, token: str) -> str:
        """The client's id. Raises RefusedTokenError, and what finding the key raises."""
        claims = self._claims(token, self._signing_key(token))
        if not self._checks_audience and claims.get(self._settings.audience_claim) != self._settings.audience:
            raise RefusedTokenError("the token is for another audience")
        client_id = claims.get(self._settings.client_claim)
        if not isinstance(client_id, str) or not CLIENT_ID.fullmatch(client_id):
            raise RefusedTokenError("the claim holds no client's id")
        return client_id

    def _signing_key(self, token: str) -> PyJWK:
        if len(token) > MAX_CHARACTERS or not token.isascii():
            raise RefusedTokenError(_MALFORMED)
        try:
            key_id = get_unverified_header(token).get("kid")
        except (PyJWTError, *_OF_MADE_UP_TOKENS):
            raise RefusedTokenError(_MALFORMED) from None
        if not isinstance(key_id, str):
            raise RefusedTokenError("the token names no key")
        key = self._key(key_id)
        if key is None:
            raise RefusedTokenError("the issuer has no such key")
        return key

    def _claims(self, token: str, key: PyJWK) -> dict[str, Any]:
        required = ["exp", "iss", self._settings.client_claim]
        try:
            return self._jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                issuer=self._settings.issuer,
                audience=self._settings.audience if self._checks_audience else None,
                leeway=_LEEWAY_S,
                options={"require": required, "verify_aud": self._checks_audience},
            )
        except PyJWTError as error:
            reasons = (reason for kind, reason in _REASONS if isinstance(error, kind))
            raise RefusedTokenError(next(reasons, _MALFORMED)) from None
        except _OF_MADE_UP_TOKENS:
            raise RefusedTokenError(_MALFORMED) from None
