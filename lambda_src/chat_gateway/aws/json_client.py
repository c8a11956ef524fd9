"""Calls AWS services, most of which speak JSON, over this project's own HTTP/1.1 connections.

boto3 would add about 300 ms to a cold start; see docs/adr.
"""

from __future__ import annotations

import json
import math
import os
import queue
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from chat_gateway.aws import sigv4
from chat_gateway.aws.settings import AwsSettings
from chat_gateway.core import foreign_json, foreign_text
from chat_gateway.http1 import body as http_body
from chat_gateway.http1 import connect as http_connect
from chat_gateway.http1.connect import Origin, left_s
from chat_gateway.http1.connection import HttpConnection

# Timeout of one attempt, from connecting to the last byte.
_ATTEMPT_S = 2.0
ATTEMPTS = 3  # by default: one may find a kept connection closed, another may get a server error
_PAUSE_S = 0.05
# While Lambda has frozen the process, a connection may be closed unnoticed. Only a call that may not be repeated needs to know.
_SURELY_OPEN_S = 20.0
# A job record's line of 400 kB takes less than 1 MB when escaped; a secret at most 64 KB.
_MAX_ANSWER_BYTES = 4 * 1024 * 1024
# DynamoDB's error for a write whose condition does not hold.
CONDITION_FAILED = "ConditionalCheckFailedException"
# In these protocols, throttling has a 4xx status.
_THROTTLED = (
    "Throttling",
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
)


class AwsCallError(Exception):
    """A call failed. `code` is the name of AWS's exception or of the network error, `answer` is AWS's error body.

    `is_passing`: the same call may succeed later (network error, server error or throttling).
    """

    def __init__(
        self, operation: str, code: str, answer: Mapping[str, Any] | None = None, *, is_passing: bool = False
    ) -> None:
        super().__init__(f"{operation} failed: {code}")
        self.code, self.is_passing = code, is_passing
        self.answer = answer or {}


class AwsClient(ABC):
    """Calls one service over one kept connection. Threads may share it; it makes one call at a time."""

    def __init__(
        self,
        settings: AwsSettings,
        *,
        service: str,
        env: Mapping[str, str] = os.environ,
        attempts: int = ATTEMPTS,
    ) -> None:
        url = urlsplit(settings.endpoint_url or f"https://{service}.{settings.region}.{settings.dns_suffix}")
        is_encrypted = url.scheme == "https"
        self._host = url.netloc
        self._origin = Origin(url.hostname or "", url.port or (443 if is_encrypted else 80), is_encrypted)
        self._service, self._region = service, settings.region
        self._env, self._attempts = env, attempts
        self._lock = threading.Lock()
        self._connection: HttpConnection | None = None
        self._used_at = 0.0  # on time.monotonic()

    @abstractmethod
    def _content(self, operation: str, parameters: Mapping[str, Any]) -> bytes:
        """The request's body."""

    @abstractmethod
    def _protocol_headers(self, operation: str) -> dict[str, str]:
        """The protocol's own headers, with lowercase names."""

    @abstractmethod
    def _output(self, body: bytes) -> dict[str, Any]:
        """The operation's output. Raises ValueError for a body that cannot be read."""

    @abstractmethod
    def _error(self, body: bytes) -> dict[str, Any]:
        """The error, with AWS's name of it as `__type`. Empty if the body cannot be read."""

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        ends_at: float = math.inf,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        """The operation's output. The deadline `ends_at` is on time.monotonic().

        Raises AwsCallError after the last attempt has failed. An attempt takes at most 2 s. If not `is_repeatable`, the call
        is tried again only where AWS said that it did nothing.
        """
        content = self._content(operation, parameters)
        if not self._lock.acquire(timeout=min(max(0.0, ends_at - time.monotonic()), threading.TIMEOUT_MAX)):
            raise AwsCallError(operation, "TimeoutError", is_passing=True)
        try:
            return self._called(operation, content, ends_at, is_repeatable=is_repeatable)
        finally:
            self._lock.release()

    def _called(
        self, operation: str, content: bytes, ends_at: float, *, is_repeatable: bool
    ) -> dict[str, Any]:
        if not is_repeatable and time.monotonic() - self._used_at > _SURELY_OPEN_S:
            self.close()
        for attempt in range(1, self._attempts + 1):
            try:
                status, answer = self._post(operation, content, min(ends_at, time.monotonic() + _ATTEMPT_S))
            except (OSError, ValueError) as error:
                self.close()
                status, answer = HTTPStatus.SERVICE_UNAVAILABLE, {"__type": type(error).__name__}
            if status == HTTPStatus.OK:
                return answer
            code = _code(answer) or str(status)
            is_passing = status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _THROTTLED
            may_repeat = is_passing and (is_repeatable or code in _THROTTLED)
            if not may_repeat or attempt == self._attempts or time.monotonic() >= ends_at:
                break
            time.sleep(_PAUSE_S * attempt)
        raise AwsCallError(operation, code, answer, is_passing=is_passing)

    def _post(self, operation: str, content: bytes, ends_at: float) -> tuple[int, dict[str, Any]]:
        left_s(ends_at)  # raises if no time is left
        if self._connection is not None and not self._connection.is_idle():
            self.close()
        if self._connection is None:
            self._connection = HttpConnection(http_connect.connect(self._origin, ends_at=ends_at))
        connection = self._connection
        stopped = connection.send(self._head(operation, content), content, ends_at=ends_at)
        if stopped is not None:
            raise stopped
        head = connection.read_head(ends_at=ends_at)
        body = http_body.gather(connection.pieces(), _MAX_ANSWER_BYTES)
        self._used_at = time.monotonic()
        if not connection.can_be_kept():
            self.close()
        return head.status, self._output(body) if head.status == HTTPStatus.OK else self._error(body)

    def _head(self, operation: str, content: bytes) -> bytes:
        headers = {**self._headers(operation, content), "content-length": str(len(content))}
        lines = ["POST / HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode("ascii")

    def _headers(self, operation: str, content: bytes) -> dict[str, str]:
        return sigv4.signed_headers(
            sigv4.Credentials.from_env(self._env),
            service=self._service,
            region=self._region,
            host=self._host,
            headers=self._protocol_headers(operation),
            content=content,
            now=datetime.now(UTC),
        )

    def close(self) -> None:
        """Closes the kept connection. The next call opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class AwsJsonClient(AwsClient):
    """Calls one service that speaks JSON."""

    def __init__(
        self,
        settings: AwsSettings,
        *,
        service: str,
        target_prefix: str,
        json_version: str,
        env: Mapping[str, str] = os.environ,
        attempts: int = ATTEMPTS,
    ) -> None:
        super().__init__(settings, service=service, env=env, attempts=attempts)
        self._target_prefix, self._content_type = target_prefix, f"application/x-amz-json-{json_version}"

    def _content(self, operation: str, parameters: Mapping[str, Any]) -> bytes:  # noqa: ARG002 - a header names it
        return json.dumps(parameters).encode()

    def _protocol_headers(self, operation: str) -> dict[str, str]:
        return {"content-type": self._content_type, "x-amz-target": f"{self._target_prefix}.{operation}"}

    def _output(self, body: bytes) -> dict[str, Any]:
        """The JSON object. Raises ValueError for other bodies: read as an empty object, one would deny a known client."""
        output = foreign_json.loads(body)
        if not isinstance(output, dict):
            raise ValueError("not an object")  # noqa: TRY004 - like the other readers of upstream bytes
        return output

    def _error(self, body: bytes) -> dict[str, Any]:
        try:
            return self._output(body)
        except ValueError:
            return {}


class AwsJsonPool:
    """A pool of clients of one service, one client for each call in progress."""

    def __init__(self, new_client: Callable[[], AwsJsonClient]) -> None:
        self._new_client = new_client
        self._idle: queue.LifoQueue[AwsJsonClient] = queue.LifoQueue()

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        ends_at: float = math.inf,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        """What `AwsJsonClient.call` gives and raises."""
        try:
            client = self._idle.get_nowait()
        except queue.Empty:
            client = self._new_client()
        try:
            return client.call(operation, parameters, ends_at=ends_at, is_repeatable=is_repeatable)
        finally:
            self._idle.put(client)


def _code(answer: Mapping[str, Any]) -> str | None:
    """AWS's name of the error, without the namespace that some services put before it."""
    kind = answer.get("__type")
    return foreign_text.name(kind.rpartition("#")[2]) if isinstance(kind, str) else None
