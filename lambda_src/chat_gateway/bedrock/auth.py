"""What authenticates one attempt to ask Bedrock, and why it can reach no other origin than the configured one."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Generator
from functools import cache
from typing import ClassVar, Protocol

import httpx


class ForeignOriginError(Exception):
    """A request that was to carry our credentials does not go to the configured origin: a fault of ours."""


class UpstreamAuth(httpx.Auth, ABC):
    """Authenticates one attempt, at the origin of `base_url` and nowhere else."""

    refused_as: ClassVar[str]  # what a 401 or 403 means, for the log

    def __init__(self, base_url: str) -> None:
        self._origin = _configured_origin(base_url)

    def authorize(self, request: httpx.Request) -> None:
        """Puts the credentials on `request`. Raises ForeignOriginError, and UpstreamCredentialsError where there are none."""
        if _origin(request.url) != self._origin:
            raise ForeignOriginError("a request with credentials would have left for another origin")
        self.sign(request)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The same for httpx's own client."""
        self.authorize(request)
        yield request

    @abstractmethod
    def sign(self, request: httpx.Request) -> None:
        """Puts the credentials on a request that goes to the origin. Raises UpstreamCredentialsError."""

    @abstractmethod
    def concealed(self, text: str) -> str:
        """`text` without the credentials, which an error of Bedrock's may repeat."""

    def after_refusal(self, *, ends_at: float = math.inf) -> UpstreamAuth | None:  # noqa: ARG002 - for those that look it up
        """What to repeat the request with after Bedrock refused this; None where a repeat is pointless.

        It is known by `ends_at` (on time.monotonic()). Raises UpstreamCredentialsError.
        """
        return None


class UpstreamCredentials(Protocol):
    """Where the credentials of the next attempt come from; safe to share between threads."""

    def auth(self, *, ends_at: float = math.inf) -> UpstreamAuth:
        """For one attempt, by `ends_at` (on time.monotonic()). Raises UpstreamCredentialsError."""
        ...


@cache
def _configured_origin(base_url: str) -> tuple[str, bytes, int | None]:
    return _origin(httpx.URL(base_url))


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host, url.port  # httpx has no port where it is the scheme's own
