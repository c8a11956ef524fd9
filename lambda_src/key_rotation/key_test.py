"""Asks Bedrock whether it accepts a key, by a request that is refused before a model runs, so it costs nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from chat_gateway.bedrock.auth import UpstreamAuth
from chat_gateway.bedrock.client import BedrockClient, RefusedCredentialsError, UpstreamTimeouts
from chat_gateway.core.errors import GatewayError, UpstreamError
from chat_gateway.guardrail import rule
from key_rotation.errors import RotationError

if TYPE_CHECKING:
    import httpx

    from key_rotation.settings import RotationSettings

# A new key works after some seconds: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html
_PAUSE_S = 3.0
_ATTEMPT_S = 20.0
_TIMEOUTS = UpstreamTimeouts(connect_s=5, first_byte_s=_ATTEMPT_S, between_bytes_s=_ATTEMPT_S)
_MAX_ANSWER_BYTES = 65_536
# These say nothing about the key.
_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


class _KeyAuth(UpstreamAuth):
    """Authenticates with a key that no function uses yet."""

    refused_as = "Bedrock refused the key"

    def __init__(self, base_url: str, key: str) -> None:
        super().__init__(base_url)
        self._key = key

    def sign(self, request: httpx.Request) -> None:
        """Adds the bearer token."""
        request.headers["authorization"] = f"Bearer {self._key}"

    def concealed(self, text: str) -> str:
        """`text` with the key masked."""
        return text.replace(self._key, "***")


class KeyTest:
    """Tests keys at the environment's own URL, with its guardrail. The clock is time.monotonic()."""

    def __init__(
        self,
        settings: RotationSettings,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._sleep, self._clock = settings, sleep, clock
        self._bedrock = BedrockClient(
            base_url=settings.base_url,
            timeouts=_TIMEOUTS,
            max_connections=1,
            max_answer_bytes=_MAX_ANSWER_BYTES,
            transport=transport,
            clock=clock,
        )

    def run(self, api_key: str, *, ends_at: float) -> int:
        """Asks until Bedrock accepts the key. Returns the number of attempts.

        Raises RotationError if Bedrock has not accepted the key by `ends_at`.
        """
        auth = _KeyAuth(self._settings.base_url, api_key)
        attempts = 0
        while True:
            attempts += 1
            problem = self._problem(auth, min(ends_at, self._clock() + _ATTEMPT_S))
            if problem is None:
                return attempts
            if self._clock() + _PAUSE_S >= ends_at:
                raise RotationError(f"Bedrock has not accepted the new key: {problem}.")
            self._sleep(_PAUSE_S)

    def _problem(self, auth: UpstreamAuth, deadline: float) -> str | None:
        """Why the attempt did not show that the key works; None if it did.

        Bedrock checks a key before it reads the request. Whether it also checks before that what the key's user may do is
        not confirmed.
        """
        try:
            self._bedrock.complete(self._body(), auth=auth, headers=self._headers(), deadline=deadline)
        except RefusedCredentialsError as refusal:
            return refusal.detail
        except UpstreamError as error:
            is_about_request = (
                error.status < HTTPStatus.INTERNAL_SERVER_ERROR and error.status not in _PASSING
            )
            return None if is_about_request else f"it answered with HTTP status {error.status}"
        except GatewayError as error:
            return f"{type(error).__name__}, {error.message.rstrip('.')}"
        return None

    def _body(self) -> bytes:
        """A chat without messages, which no model takes. If one does, it answers with one token."""
        return json.dumps(
            {"model": self._settings.model, "messages": [], "max_completion_tokens": 1}
        ).encode()

    def _headers(self) -> dict[str, str]:
        """The guardrail, without which the user's policy allows no call."""
        guardrail = self._settings.guardrail
        return {} if guardrail is None else rule.repeatable_headers(guardrail)
