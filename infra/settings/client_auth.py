"""How callers show who they are: with the gateway's keys, with the signature of an IAM role, or with JWTs."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from client_keys.key import BARE_HEADER
from infra.settings.api import Api
from infra.settings.proof import Proof
from infra.settings.table import Table, matching, require

# A function's environment variables may have 4 KB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_CHARACTERS = 500
_KEY_SET_PATH = "/.well-known/jwks.json"
# https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationRequest
_DISCOVERY_PATH = "/.well-known/openid-configuration"
_PRINTABLE = matching(rf"[!-~]{{1,{_MAX_CHARACTERS}}}", "must be printable characters without blanks")


class ClientAuth(StrEnum):
    """How callers show who they are."""

    KEYS = "keys"
    IAM = "iam"
    JWT = "jwt"


def _url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.fragment:
        raise ValueError("must be a URL like https://login.example.com/keys")
    return url


def _issuer(issuer: str) -> str:
    if issuer.endswith(_DISCOVERY_PATH):
        raise ValueError(f"must not end in {_DISCOVERY_PATH}: leave that part out")
    return issuer


class Jwt(Table):
    """Which JWTs are accepted, with `client_auth = "jwt"`. They are signed with RS256 or ES256."""

    issuer: Annotated[str, AfterValidator(_PRINTABLE), AfterValidator(_issuer)]
    """The value of the claim `iss`, exactly as the tokens have it."""
    audience: Annotated[str, AfterValidator(_PRINTABLE)]
    """The value of the claim `aud`, or one of its values."""
    client_claim: Annotated[str, AfterValidator(_PRINTABLE)] = "sub"
    """The claim whose value is the client's id in the table of clients."""
    audience_claim: Annotated[str, AfterValidator(_PRINTABLE)] = "aud"
    """Another claim in place of `aud`: `client_id` for the access tokens of Amazon Cognito."""
    jwks_url: Annotated[str, AfterValidator(_PRINTABLE), AfterValidator(_url)] | None = None
    """The URL of the issuer's public keys. By default, the issuer with `/.well-known/jwks.json`."""

    @property
    def key_set_url(self) -> str:
        """Where the issuer's public keys are."""
        return self.jwks_url or self.issuer.removesuffix("/") + _KEY_SET_PATH


def check(client_auth: ClientAuth, jwt: Jwt | None, proof: Proof, api: Api) -> None:
    """Raises RefusedSettingError for settings that contradict each other."""
    has_keys = client_auth is ClientAuth.KEYS
    rule = f"must not be {BARE_HEADER} with client_auth = {client_auth.value!r}: such callers send no key"
    require(has_keys or api.key_header != BARE_HEADER, "api.key_header", rule)
    is_jwt = client_auth is ClientAuth.JWT
    require(not is_jwt or jwt is not None, "jwt", 'is missing: client_auth = "jwt" needs issuer and audience')
    require(is_jwt or jwt is None, "jwt", 'must not be set without client_auth = "jwt"')
    rule = (
        'cannot be true with client_auth = "jwt", because the proof has no token; run `make prove` with one'
    )
    require(not (is_jwt and proof.on_deploy), "proof.on_deploy", rule)


def check_key_set_url(jwt: Jwt | None, *, allows_plain_http: bool) -> None:
    """Raises RefusedSettingError if anybody on the way could write the issuer's keys."""
    if jwt is None:
        return
    is_url = urlsplit(jwt.key_set_url).scheme in ("https", "http")
    require(is_url, "jwt.jwks_url", "is missing, and jwt.issuer is not a URL")
    is_safe = allows_plain_http or jwt.key_set_url.startswith("https://")
    setting = "jwt.issuer" if jwt.jwks_url is None else "jwt.jwks_url"
    require(is_safe, setting, "must be https: whoever writes the keys decides who is let in")
