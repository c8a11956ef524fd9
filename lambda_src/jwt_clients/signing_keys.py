"""Keeps the issuer's keys, and asks for them again when they are old or a token names another key."""

from __future__ import annotations

import time
from collections.abc import Callable

from jwt import PyJWK

from jwt_clients import key_set
from jwt_clients.errors import KeysUnavailableError

# A key that the issuer has taken back is accepted for this long.
_FRESH_S = 3600.0
# While the issuer cannot be reached, the last keys are used for this long.
_USABLE_S = 24 * 3600.0
# Tokens with made-up key ids must not make the gateway ask the issuer for each of them.
_PAUSE_S = 60.0


class SigningKeys:
    """The keys behind `fetch`, which gives a key set's bytes. `clock` is in seconds.

    `on_failure` gets the error of a fetch that fails while earlier keys can be used.
    """

    def __init__(
        self,
        fetch: Callable[[], bytes],
        *,
        on_failure: Callable[[KeysUnavailableError], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._on_failure, self._clock = fetch, on_failure, clock
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at = self._asked_at = float("-inf")

    def key(self, key_id: str) -> PyJWK | None:
        """The key with that id; None if the issuer has none. Raises KeysUnavailableError."""
        age_s = self._clock() - self._fetched_at
        if age_s >= _USABLE_S:
            self._read()
        elif age_s >= _FRESH_S or key_id not in self._keys:
            self._read_again()
        return self._keys.get(key_id)

    def _read_again(self) -> None:
        if self._clock() - self._asked_at < _PAUSE_S:
            return
        try:
            self._read()
        except KeysUnavailableError as error:
            self._on_failure(error)

    def _read(self) -> None:
        self._asked_at = self._clock()
        self._keys = key_set.read(self._fetch())
        self._fetched_at = self._asked_at
