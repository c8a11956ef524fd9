"""Reads a JSON Web Key Set: https://www.rfc-editor.org/rfc/rfc7517"""

from __future__ import annotations

from typing import Any

from jwt import PyJWK
from jwt.exceptions import PyJWTError

from chat_gateway.core import foreign_json
from jwt_clients.errors import KeysUnavailableError

# The algorithm of a key is decided here and not by a token's head, which its sender writes:
# https://www.rfc-editor.org/rfc/rfc8725#section-3.1
_ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}
_CURVE = "P-256"


def read(content: bytes) -> dict[str, PyJWK]:
    """The public keys for RS256 and ES256 by their ids; other keys are left out. Raises KeysUnavailableError."""
    try:
        document: Any = foreign_json.loads(content)
    except ValueError:
        raise KeysUnavailableError("not JSON") from None
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise KeysUnavailableError("not a key set")
    keys = {key["kid"]: found for key in listed if _is_ours(key) and (found := _key(key)) is not None}
    if not keys:
        raise KeysUnavailableError("no key for RS256 or ES256")
    return keys


def _is_ours(key: Any) -> bool:
    if not isinstance(key, dict) or not isinstance(key.get("kid"), str) or "d" in key:
        return False
    algorithm = _ALGORITHMS.get(str(key.get("kty")))
    is_on_curve = algorithm != "ES256" or key.get("crv") == _CURVE
    return (
        algorithm is not None
        and is_on_curve
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
    )


def _key(key: dict[str, Any]) -> PyJWK | None:
    try:
        return PyJWK(key, _ALGORITHMS[key["kty"]])
    except (PyJWTError, ValueError, TypeError, AttributeError, OverflowError):
        return None
