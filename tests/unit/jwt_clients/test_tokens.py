"""A token is accepted only with the issuer's signature, for this audience and in its time."""

from __future__ import annotations

import base64
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from jwt_clients import key_set
from jwt_clients.errors import RefusedTokenError
from jwt_clients.tokens import Tokens
from tests.unit.jwt_clients import issuer
from tests.unit.jwt_clients.issuer import AUDIENCE, SETTINGS

NOW_S = int(time.time())
HOUR_S = 3600


def tokens(**settings: str) -> Tokens:
    return Tokens(SETTINGS._replace(**settings), key_set.read(issuer.key_set()).get)


@pytest.mark.parametrize(
    "token",
    [
        issuer.token(),
        issuer.token(key=issuer.ec_key(), key_id="ec", algorithm="ES256"),
        issuer.token(aud=["other", AUDIENCE]),
        issuer.token(nbf=None, iat=None),
    ],
)
def test_good_token(token: str) -> None:
    """A token with RS256 or ES256 names its client by its claim."""
    assert tokens().client_id(token) == "team-a"


def test_clocks_may_differ() -> None:
    """A token that has expired just now is accepted."""
    assert tokens().client_id(issuer.token(exp=int(time.time()) - 1)) == "team-a"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": NOW_S - HOUR_S}, "has expired"),
        ({"exp": None}, "a claim is missing"),
        ({"exp": "soon"}, "malformed"),
        ({"nbf": NOW_S + HOUR_S}, "not valid yet"),
        ({"iat": NOW_S + HOUR_S}, "not valid yet"),
        ({"iss": "https://elsewhere.example.com"}, "another issuer"),
        ({"iss": f"{issuer.ISSUER}/"}, "another issuer"),
        ({"iss": None}, "a claim is missing"),
        ({"aud": "other"}, "another audience"),
        ({"aud": []}, "a claim is missing"),
        ({"aud": ["other"]}, "another audience"),
        ({"aud": None}, "a claim is missing"),
        ({"sub": None}, "a claim is missing"),
        ({"sub": "auth0|7"}, "no client's id"),
        ({"sub": "client#team-a"}, "no client's id"),
        ({"sub": ""}, "no client's id"),
        ({"key_id": None}, "names no key"),
        ({"key_id": "other"}, "no such key"),
        ({"key": issuer.rsa_key("other")}, "signature is wrong"),
        ({"algorithm": "RS512"}, "malformed"),
        ({"algorithm": "PS256"}, "malformed"),
        ({"key_id": "ec"}, "malformed"),
        ({"key": issuer.ec_key(), "algorithm": "ES256"}, "malformed"),
    ],
)
def test_bad_token(changes: dict[str, Any], reason: str) -> None:
    """Every other token is refused, with a reason that has nothing of the token."""
    with pytest.raises(RefusedTokenError, match=reason) as caught:
        tokens().client_id(issuer.token(**changes))
    assert "team-a" not in str(caught.value)


def test_unsigned_token() -> None:
    """The algorithm `none` is refused."""
    token = jwt.encode(issuer.claims(), "", "none", headers={"kid": "rsa"})
    with pytest.raises(RefusedTokenError):
        tokens().client_id(token)


def test_public_key_as_a_secret() -> None:
    """HS256 with the public key as its secret is refused: a key has one algorithm."""
    public = issuer.rsa_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signed, _, _ = issuer.made_up({"alg": "HS256", "kid": "rsa"}, issuer.claims()).rpartition(".")
    signature = base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256")).decode().rstrip("=")
    with pytest.raises(RefusedTokenError):
        tokens().client_id(f"{signed}.{signature}")


@pytest.mark.parametrize("part", [0, 1, 2])
def test_changed_token(part: int) -> None:
    """A token of which one character was changed is refused."""
    parts = issuer.token().split(".")
    middle = len(parts[part]) // 2
    other = "A" if parts[part][middle] != "A" else "B"
    parts[part] = parts[part][:middle] + other + parts[part][middle + 1 :]
    with pytest.raises(RefusedTokenError):
        tokens().client_id(".".join(parts))


def test_other_claims() -> None:
    """The client and the audience may stand in other claims, such as those of Cognito's access tokens."""
    token = issuer.token(sub=None, aud=None, client_id=AUDIENCE, team="team-b")
    reading = tokens(client_claim="team", audience_claim="client_id")
    assert reading.client_id(token) == "team-b"
    with pytest.raises(RefusedTokenError, match="another audience"):
        reading.client_id(issuer.token(sub=None, aud=AUDIENCE, client_id="other", team="team-b"))
    with pytest.raises(RefusedTokenError, match="another audience"):
        reading.client_id(issuer.token(sub=None, aud=AUDIENCE, team="team-b"))


def test_short_key_is_refused() -> None:
    """A key set may have a key of 1,024 bits; no token with it is accepted."""
    short = issuer.rsa_key("short", 1024)
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = issuer.token(key=short, key_id="short")
    keys = key_set.read(issuer.key_set(issuer.public(short, "short")))
    with pytest.raises(RefusedTokenError):
        Tokens(SETTINGS, keys.get).client_id(token)


def test_other_curve_is_not_read() -> None:
    """Keys of other curves are not in the set, whatever algorithm they name."""
    other = issuer.public(issuer.ec_key(ec.SECP384R1), "other", alg="ES256")
    assert "other" not in key_set.read(issuer.key_set(other, issuer.public(issuer.rsa_key(), "rsa")))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
HEADS = st.fixed_dictionaries(
    {}, optional={"alg": JSON | st.just("RS256"), "kid": JSON | st.just("rsa"), "crit": JSON, "b64": JSON}
)


@given(st.text() | st.from_regex(r"[A-Za-z0-9._-]{20,200}", fullmatch=True))
def test_any_text(text: str) -> None:
    """Any text is refused with a reason, and nothing else is raised."""
    with pytest.raises(RefusedTokenError):
        tokens().client_id(text)


@given(HEADS | JSON, JSON, st.binary(max_size=300))
def test_any_unsigned_token(head: object, body: object, signature: bytes) -> None:
    """A token that nobody signed is refused, whatever is in it."""
    with pytest.raises(RefusedTokenError):
        tokens().client_id(issuer.made_up(head, body, signature))


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("iss", "aud", "sub", "exp", "nbf", "iat", "jti"), JSON))
)
def test_any_signed_claims(body: dict[str, Any]) -> None:
    """Claims of any type under a good signature are refused, or name a client."""
    signed = jwt.PyJWS().encode(json.dumps(body).encode(), issuer.rsa_key(), "RS256", headers={"kid": "rsa"})
    with pytest.raises(RefusedTokenError):
        tokens().client_id(signed)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep_json(opening: str) -> None:
    """Deeply nested JSON is refused, and does not end the process."""
    head = base64.urlsafe_b64encode((opening * 2000).encode()).decode().rstrip("=")
    with pytest.raises(RefusedTokenError):
        tokens().client_id(f"{head[:3900]}.e30.c2ln")
