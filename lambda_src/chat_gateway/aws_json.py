"""Calls AWS services that speak JSON, over the standard library alone: what a cold start can afford.

boto3 would add about 300 ms before the first answer; see docs/adr.
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from chat_gateway import sigv4, tls
from chat_gateway.settings import AwsSettings

_TIMEOUT_S = 1.5
_ATTEMPTS = 3  # unless told otherwise: one may find a kept connection closed, another a service that stumbled
_PAUSE_S = 0.05
# Throttling is a client error in these protocols.
_THROTTLED = ("ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded")


class AwsCallError(Exception):
    """A call failed: `code` is AWS's exception name, or the name of the network error; `answer` what AWS said."""

    def __init__(self, operation: str, code: str, answer: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{operation} failed: {code}")
        self.code = code
        self.answer = answer or {}


class AwsJsonClient:
    """One service's operations over one kept connection; safe to share between threads, one call at a time."""

    def __init__(
        self,
        settings: AwsSettings,
        *,
        service: str,
        target_prefix: str,
        json_version: str,
        env: Mapping[str, str] = os.environ,
        attempts: int = _ATTEMPTS,
    ) -> None:
        url = urlsplit(settings.endpoint_url or f"https://{service}.{settings.region}.{settings.dns_suffix}")
        self._host = url.netloc
        self._encrypted = url.scheme == "https"
        self._service, self._region = service, settings.region
        self._target_prefix, self._content_type = target_prefix, f"application/x-amz-json-{json_version}"
        self._env, self._attempts = env, attempts
        self._lock = threading.Lock()
        self._connection: http.client.HTTPConnection | None = None

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The operation's output. Raises AwsCallError once every attempt has failed."""
        content = json.dumps(parameters).encode()
        with self._lock:
            for attempt in range(1, self._attempts + 1):
                try:
                    status, answer = self._post(operation, content)
                except (OSError, http.client.HTTPException) as error:
                    self.close()
                    status, answer = HTTPStatus.SERVICE_UNAVAILABLE, {"__type": type(error).__name__}
                if status == HTTPStatus.OK:
                    return answer
                code = str(answer.get("__type", status)).rpartition("#")[2]
                is_passing = status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _THROTTLED
                if not is_passing or attempt == self._attempts:
                    break
                time.sleep(_PAUSE_S * attempt)
        raise AwsCallError(operation, code, answer)

    def _post(self, operation: str, content: bytes) -> tuple[int, dict[str, Any]]:
        if self._connection is None:
            self._connection = (
                http.client.HTTPSConnection(self._host, timeout=_TIMEOUT_S, context=tls.context())
                if self._encrypted
                else http.client.HTTPConnection(self._host, timeout=_TIMEOUT_S)
            )
        self._connection.request("POST", "/", content, self._headers(operation, content))
        response = self._connection.getresponse()
        body = response.read()
        try:
            answer = json.loads(body)
        except ValueError:
            answer = {}
        return response.status, answer if isinstance(answer, dict) else {}

    def _headers(self, operation: str, content: bytes) -> dict[str, str]:
        return sigv4.signed_headers(
            sigv4.Credentials.from_env(self._env),
            service=self._service,
            region=self._region,
            host=self._host,
            headers={
                "content-type": self._content_type,
                "x-amz-target": f"{self._target_prefix}.{operation}",
            },
            content=content,
            now=datetime.now(UTC),
        )

    def close(self) -> None:
        """Closes the kept connection; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class AwsJsonPool:
    """As many clients of one service as there are calls at once, each with its own kept connection."""

    def __init__(self, new_client: Callable[[], AwsJsonClient]) -> None:
        self._new_client = new_client
        self._idle: queue.LifoQueue[AwsJsonClient] = queue.LifoQueue()

    def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The operation's output. Raises AwsCallError once every attempt has failed."""
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            client = self._new_client()
        try:
            return client.call(operation, parameters)
        finally:
            self._idle.put(client)
