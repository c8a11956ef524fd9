"""The valid Bearer key and the expired ones."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from local.bedrock_standin.refusals import authentication_failed, bearer_token_expired

if TYPE_CHECKING:
    from collections.abc import Iterable


class ApiKeys:
    """One valid key, and the expired keys."""

    def __init__(self, current: str) -> None:
        self._current = current
        self._expired: tuple[str, ...] = ()

    def replace(self, current: str, expired: Iterable[str]) -> None:
        """Makes `current` the only valid key. A request with an `expired` key is told that the key has expired."""
        self._current = current
        self._expired = tuple(expired)

    def check(self, authorization: str | None) -> None:
        """Checks the value of the `Authorization` header. Raises FrontDoorRefusalError (403)."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise authentication_failed()
        if _same(token, self._current):
            return
        if any(_same(token, old) for old in self._expired):
            raise bearer_token_expired()
        raise authentication_failed()


def _same(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode(), b.encode())
