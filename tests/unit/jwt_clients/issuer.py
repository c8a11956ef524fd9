"""An issuer of tokens: its keys, its key set, and tokens that it signs."""

from __future__ import annotations

import base64
import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from jwt_clients.settings import JwtSettings

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey

ISSUER, AUDIENCE = "https://login.example.com", "gateway"
SETTINGS = JwtSettings(
    issuer=ISSUER,
    audience=AUDIENCE,
    jwks_url=f"{ISSUER}/keys",
    client_claim="sub",
    audience_claim="aud",
)


@cache
def rsa_key(name: str = "rsa", bits: int = 2048) -> RSAPrivateKey:
    """A key; each name has another one."""
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(curve: type[ec.EllipticCurve] = ec.SECP256R1) -> EllipticCurvePrivateKey:
    return ec.generate_private_key(curve())


def public(key: PrivateKey, key_id: str, **more: str) -> dict[str, Any]:
    """The public key as a key set has it."""
    if isinstance(key, RSAPrivateKey):
        document = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        document = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**document, "kid": key_id, **more}


def key_set(*keys: dict[str, Any]) -> bytes:
    """The key set; by default with an RSA key `rsa` and an elliptic curve's key `ec`."""
    listed = keys or (public(rsa_key(), "rsa", use="sig", alg="RS256"), public(ec_key(), "ec", use="sig"))
    return json.dumps({"keys": listed}).encode()


def claims(**changes: Any) -> dict[str, Any]:
    """Claims of a good token; None leaves a claim out."""
    now_s = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "team-a", "exp": now_s + 600, "nbf": now_s, "iat": now_s}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def token(
    *,
    key: PrivateKey | str | None = None,
    key_id: str | None = "rsa",
    algorithm: str = "RS256",
    **changes: Any,
) -> str:
    """A token; by default a good one."""
    headers = {} if key_id is None else {"kid": key_id}
    return jwt.encode(claims(**changes), rsa_key() if key is None else key, algorithm, headers=headers)


def made_up(head: object, body: object, signature: bytes = b"signature") -> str:
    """A token of these parts, which nobody has signed."""
    return ".".join(
        _base64(part) for part in (json.dumps(head).encode(), json.dumps(body).encode(), signature)
    )


def _base64(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")
