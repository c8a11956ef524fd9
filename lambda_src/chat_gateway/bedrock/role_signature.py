"""The function's role as credentials: every attempt signed by botocore (Signature Version 4), with no secret to keep.

Imported only where an environment signs: botocore, which Lambda brings, costs a cold start 50 ms.
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
# https://docs.aws.amazon.com/general/latest/gr/bedrock.html, and endpoints in a VPC
_BEDROCK_HOST = re.compile(r"(?:[a-z0-9-]+\.)?bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\..+")
# What is sent and signed beside the headers that the signer itself adds. The guardrail's begin x-amzn-bedrock-.
_SIGNED_NAMES = ("host", "content-type")
_SIGNED_PREFIX = "x-amz"


def region_of(base_url: str, default: str) -> str:
    """The region that Bedrock's endpoint names, else `default`: a signature is good for one region."""
    named = _BEDROCK_HOST.fullmatch(httpx.URL(base_url).host)
    return named[1] if named else default


class RoleSignature(UpstreamAuth):
    """One attempt signed with the credentials that `env` holds at that moment."""

    requires_request_body = True
    refused_as = "Bedrock refused the function's role"

    def __init__(self, base_url: str, region: str, env: Mapping[str, str]) -> None:
        super().__init__(base_url)
        self._region, self._env = region, env
        self._secrets: tuple[str, ...] = ()

    def sign(self, request: httpx.Request) -> None:
        """Adds the signature and what it covers. Raises UpstreamCredentialsError."""
        credentials = self._credentials()
        to_sign = AWSRequest(request.method, str(request.url), headers=_headers_to_sign(request))
        SigV4Auth(credentials, _SERVICE, self._region).add_auth(to_sign)
        request.headers.update(dict(to_sign.headers.items()))

    def concealed(self, text: str) -> str:
        """`text` without keys and token: of a wrong signature AWS repeats the whole canonical request."""
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
    """The role that the function runs as, whose credentials Lambda keeps in its environment."""

    def __init__(self, base_url: str, region: str, env: Mapping[str, str] = os.environ) -> None:
        self._base_url, self._region, self._env = base_url, region, env

    def auth(self, *, ends_at: float = math.inf) -> RoleSignature:  # noqa: ARG002 - there is nothing to wait for
        """Reads the credentials when it signs."""
        return RoleSignature(self._base_url, self._region, self._env)


def _headers_to_sign(request: httpx.Request) -> dict[str, str]:
    signed = {
        name: value
        for name, value in request.headers.items()
        if name in _SIGNED_NAMES or name.startswith(_SIGNED_PREFIX)
    }
    return {**signed, "x-amz-content-sha256": hashlib.sha256(request.content).hexdigest()}
