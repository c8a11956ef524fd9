"""Reads the Bedrock API key from Secrets Manager and caches it for some minutes. The key is never logged."""

from __future__ import annotations

import contextlib
import json
import math
import re
import threading
import time
from collections.abc import Callable, Iterator

from chat_gateway.aws.json_client import AwsCallError, AwsJsonClient
from chat_gateway.bedrock.settings import PLACEHOLDER
from chat_gateway.core.errors import UpstreamCredentialsError, UpstreamCredentialsUnavailableError

# A short-term key contains a session token, whose length AWS does not specify.
_KEY = re.compile(r"[!-~]{8,16384}")
_PAUSE_AFTER_FAILURE_S = 30.0
_PAUSE_AFTER_SEARCH_S = 5.0


def parse_secret(text: str) -> str:
    """The key in a secret's text: the text itself, or `api_key` of a JSON object.

    Raises UpstreamCredentialsError if the text holds no valid key.
    """
    key = _api_key_field(text) if text.lstrip().startswith("{") else text.strip()
    if not key:
        raise UpstreamCredentialsError("the secret is empty")
    if key == PLACEHOLDER:
        raise UpstreamCredentialsError("the secret still holds its placeholder: put a Bedrock API key in it")
    if not _KEY.fullmatch(key):
        raise UpstreamCredentialsError(
            "the secret does not hold a key: expected at least 8 visible ASCII characters"
        )
    return key


def _api_key_field(text: str) -> str:
    try:
        key = json.loads(text).get("api_key")
    except (ValueError, RecursionError):
        raise UpstreamCredentialsError("the secret begins like JSON but is not a JSON object") from None
    if not isinstance(key, str):
        raise UpstreamCredentialsError('the secret is a JSON object without a string "api_key"')
    return key.strip()


class BedrockApiKey:
    """The current key. Threads that need the key while one of them reads it wait for that read."""

    def __init__(
        self,
        secrets: AwsJsonClient,
        *,
        secret_arn: str,
        max_age_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._secrets, self._secret_arn = secrets, secret_arn
        self._max_age_s, self._clock = max_age_s, clock
        self._lock = threading.Lock()
        self._key: str | None = None
        self._next_read_at = 0.0
        self._next_search_at = 0.0

    def get(self, *, ends_at: float = math.inf) -> str:
        """The key, read again once it is older than `max_age_s`. The deadline `ends_at` is on time.monotonic().

        If the secret cannot be read or holds no key, the old key is used: Bedrock may still accept it.
        Raises UpstreamCredentialsError if there is no old key.
        """
        if self._key is not None and self._clock() < self._next_read_at:
            return self._key  # no need for the lock
        with self._held(ends_at):
            if self._key is None:
                return self._read(ends_at)
            if self._clock() >= self._next_read_at:
                self._next_read_at = self._clock() + _PAUSE_AFTER_FAILURE_S
                with contextlib.suppress(UpstreamCredentialsError):
                    self._read(ends_at)
            return self._key

    def replacement_for(self, refused: str, *, ends_at: float = math.inf) -> str | None:
        """The key to try after Bedrock refused `refused`, read again from the secret; None if the secret has no other.

        After a read that found no new key, the secret is not read again for some seconds. If the secret cannot be read,
        the result is None, too. Raises UpstreamCredentialsError if the secret holds no key, or if another thread's read
        does not end in time.
        """
        with self._held(ends_at):
            if self._key == refused and self._clock() >= self._next_search_at:
                self._search(ends_at)
            return None if self._key == refused else self._key

    def _search(self, ends_at: float) -> None:
        """Reads the key again, and sets a pause if the key is the same. Raises as `parse_secret`."""
        refused = self._key
        with contextlib.suppress(AwsCallError):
            self._take(self._secret_text(ends_at))
        if self._key == refused:
            self._next_search_at = self._clock() + _PAUSE_AFTER_SEARCH_S

    @contextlib.contextmanager
    def _held(self, ends_at: float) -> Iterator[None]:
        """Holds the lock for reading the secret."""
        left_s = min(max(0.0, ends_at - time.monotonic()), threading.TIMEOUT_MAX)
        if not self._lock.acquire(timeout=left_s):
            raise UpstreamCredentialsUnavailableError("the secret was not read in time")
        try:
            yield
        finally:
            self._lock.release()

    def _read(self, ends_at: float) -> str:
        try:
            text = self._secret_text(ends_at)
        except AwsCallError as error:
            # A denied read stays denied until an operator acts, so callers should not retry.
            kind = UpstreamCredentialsUnavailableError if error.is_passing else UpstreamCredentialsError
            raise kind(f"the secret could not be read: {error.code}") from error
        return self._take(text)

    def _secret_text(self, ends_at: float) -> str:
        answer = self._secrets.call("GetSecretValue", {"SecretId": self._secret_arn}, ends_at=ends_at)
        return str(answer.get("SecretString", ""))

    def _take(self, text: str) -> str:
        key = parse_secret(text)
        if key != self._key:
            self._key, self._next_search_at = key, 0.0
        self._next_read_at = self._clock() + self._max_age_s
        return key
