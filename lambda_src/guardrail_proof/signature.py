"""Signs requests to the gateway's API, and says which role or user signs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from client_keys import principal

if TYPE_CHECKING:
    from collections.abc import Generator

    import boto3

_SIGNED = ("content-type",)


class SignedRequests(httpx.Auth):
    """Signature Version 4 for execute-api, with the session's credentials. Raises NoCredentialsToSignError.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html
    """

    requires_request_body = True

    def __init__(self, session: boto3.Session) -> None:
        credentials: Any = session.get_credentials()
        if credentials is None:
            raise NoCredentialsToSignError
        self._credentials, self._region = credentials, str(session.region_name)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        headers = {name: request.headers[name] for name in _SIGNED if name in request.headers}
        signed = AWSRequest(request.method, str(request.url), data=request.content, headers=headers)
        signer = SigV4Auth(self._credentials.get_frozen_credentials(), "execute-api", self._region)
        signer.add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        yield request


class NoCredentialsToSignError(Exception):
    """The session has no AWS credentials."""

    def __init__(self) -> None:
        super().__init__("There are no AWS credentials to sign requests with.")


def signer(session: boto3.Session) -> str:
    """The role or user behind the session, as the table of clients knows it. Raises NoPrincipalError and botocore's errors."""
    return principal.of_arn(session.client("sts").get_caller_identity()["Arn"])
