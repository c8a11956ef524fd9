"""Signs requests to Bedrock with the function's role, by botocore (Signature Version 4).

Imported only in environments that sign: botocore, which Lambda's runtime includes, adds 50 ms to a cold start.
"""

from __future__ import annotations

import hashlib
import math
import os
import re
from collections.abc import Mapping

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from chat_gateway.bedrock.auth import UpstreamAuth
from chat_gateway.core.errors import UpstreamCredentialsError

_SERVICE = "bedrock"
# https://docs.aws.amazon.com/general/latest/gr/bedrock.html, and VPC endpoints
_BEDROCK_HOST = re.compile(r"(?:[a-z0-9-]+\.)?bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\..+")
# The request's headers to sign, besides those that botocore adds. The guardrail's headers begin with x-amzn-bedrock-.
_SIGNED_NAMES = ("host", "content-type")
_SIGNED_PREFIX = "x-amz"


def region_of(base_url: str, default: str) -> str:
    """The region in the host name of Bedrock's endpoint, else `default`. A signature is valid for one region."""
    named = _BEDROCK_HOST.fullmatch(httpx.URL(base_url).host)
    return named[1] if named else default


class RoleSignature(UpstreamAuth):
    """Signs one attempt with the credentials that `env` holds at that time."""

    requires_request_body = True
    refused_as = "Bedrock refused the function's role"

    def __init__(self, base_url: str, region: str, env: Mapping[str, str]) -> None:
        super().__init__(base_url)
        self._region, self._env = region, env
        self._secrets: tuple[str, ...] = ()

    def sign(self, request: httpx.Request) -> None:
        """Adds the signature and the headers that it covers. Raises UpstreamCredentialsError."""
        credentials = self._credentials()
        to_sign = AWSRequest(request.method, str(request.url), headers=_headers_to_sign(request))
        SigV4Auth(credentials, _SERVICE, self._region).add_auth(to_sign)
        request.headers.update(dict(to_sign.headers.items()))

    def concealed(self, text: str) -> str:
        """`text` with keys and token masked: after a wrong signature, AWS's error repeats the canonical request."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _credentials(self) -> Credentials:
        key_id, secret = self._env.get("AWS_ACCESS_KEY_ID"), self._env.get("AWS_SECRET_ACCESS_KEY")
        if not key_id or not secret:
            raise UpstreamCredentialsError("the function's environment holds no credentials of its role")
        token = self._env.get("AWS_SESSION_TOKEN") or None
        self._secrets = tuple(part for part in (token, secret, key_id) if part)
        return Credentials(key_id, secret, token)


class RoleCredentials:
    """The credentials of the function's role, which Lambda puts into environment variables."""

    def __init__(self, base_url: str, region: str, env: Mapping[str, str] = os.environ) -> None:
        self._base_url, self._region, self._env = base_url, region, env

    def auth(self, *, ends_at: float = math.inf) -> RoleSignature:  # noqa: ARG002 - nothing to wait for
        """The signer of one attempt. It reads the credentials when it signs."""
        return RoleSignature(self._base_url, self._region, self._env)

    def at(self, base_url: str, region: str) -> RoleCredentials:
        """The same role for another endpoint."""
        return RoleCredentials(base_url, region_of(base_url, default=region), self._env)


def _headers_to_sign(request: httpx.Request) -> dict[str, str]:
    signed = {
        name: value
        for name, value in request.headers.items()
        if name in _SIGNED_NAMES or name.startswith(_SIGNED_PREFIX)
    }
    return {**signed, "x-amz-content-sha256": hashlib.sha256(request.read()).hexdigest()}
