"""Authenticates requests to Bedrock, and sends credentials to the configured origin only."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Generator
from functools import cache
from typing import ClassVar, Protocol

import httpx


class ForeignOriginError(Exception):
    """A request with our credentials would go to another origin than the configured one: a bug in the gateway."""


class UpstreamAuth(httpx.Auth, ABC):
    """Authenticates one attempt, at the origin of `base_url` only."""

    refused_as: ClassVar[str]  # the meaning of a 401 or 403, for the log

    def __init__(self, base_url: str) -> None:
        self._origin = _configured_origin(base_url)

    def authorize(self, request: httpx.Request) -> None:
        """Adds the credentials to `request`. Raises ForeignOriginError, and UpstreamCredentialsError without credentials."""
        if _origin(request.url) != self._origin:
            raise ForeignOriginError("a request with credentials would have left for another origin")
        self.sign(request)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The same for httpx's client."""
        self.authorize(request)
        yield request

    @abstractmethod
    def sign(self, request: httpx.Request) -> None:
        """Adds the credentials to a request to the configured origin. Raises UpstreamCredentialsError."""

    @abstractmethod
    def concealed(self, text: str) -> str:
        """`text` with the credentials masked, since an error from Bedrock may repeat them."""

    def after_refusal(self, *, ends_at: float = math.inf) -> UpstreamAuth | None:  # noqa: ARG002 - for subclasses
        """The authentication to repeat the request with after Bedrock refused this one; None if a repeat is pointless.

        The deadline `ends_at` is on time.monotonic(). Raises UpstreamCredentialsError.
        """
        return None


class UpstreamCredentials(Protocol):
    """The source of credentials for attempts. Threads may share it."""

    def auth(self, *, ends_at: float = math.inf) -> UpstreamAuth:
        """The authentication of one attempt, by `ends_at` (on time.monotonic()). Raises UpstreamCredentialsError."""
        ...

    def at(self, base_url: str, region: str) -> UpstreamCredentials:
        """The same credentials for another endpoint."""
        ...


@cache
def _configured_origin(base_url: str) -> tuple[str, bytes, int | None]:
    return _origin(httpx.URL(base_url))


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host, url.port  # httpx has None for the scheme's default port
