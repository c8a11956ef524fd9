"""Asks Bedrock for one chat completion over HTTPS; nothing of httpx leaves this module."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import httpx

from chat_gateway import guardrail_outcome, upstream_errors
from chat_gateway.errors import (
    GatewayError,
    UpstreamConnectionError,
    UpstreamProtocolError,
    UpstreamTimeoutError,
)
from chat_gateway.guardrail_outcome import Outcome
from chat_gateway.upstream_auth import UpstreamAuth
from response_streaming import ALARM

_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
# How long the end of an answer may take once all of it that matters has come.
_ENDING_S = 0.5
_LATE = "Bedrock did not answer in time."
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Completion:
    """Bedrock's answer: `text` as it came, `document` the same parsed, and what the guardrail did to it."""

    text: str
    document: dict[str, Any]
    bedrock_request_id: str | None
    guardrail_outcome: Outcome = field(default_factory=Outcome)

    def presented(self, *, keep_trace: bool) -> Completion:
        """The same in the shape that callers see; as it came wherever that is it."""
        outcome = guardrail_outcome.read(self.document)
        changed = guardrail_outcome.present(self.document, keep_trace=keep_trace)
        # In ASCII, since a model may answer half a surrogate pair, which has no UTF-8.
        text = json.dumps(self.document) if changed else self.text
        return replace(self, text=text, guardrail_outcome=outcome)


class RefusedCredentialsError(Exception):
    """Bedrock answered 401 or 403: `detail` names its error class and message, for the log."""

    def __init__(self, detail: str, bedrock_request_id: str | None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.bedrock_request_id = bedrock_request_id


class UpstreamAnswer:
    """An answer whose status and headers have come, and whose body is still to be read; must be closed."""

    def __init__(self, response: httpx.Response, *, deadline: float, clock: Callable[[], float]) -> None:
        self._response, self._deadline, self._clock = response, deadline, clock
        self._cut_off = ALARM.at(self._on_alarms_clock(deadline), partial(_shut_down, response))
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.bedrock_request_id = upstream_errors.request_id(response.headers)
        self.chunks = self._read()

    def _on_alarms_clock(self, moment: float) -> float:
        return time.monotonic() + max(0.0, moment - self._clock())

    def _read(self) -> Iterator[bytes]:
        """The body as it arrives. Raises UpstreamTimeoutError once the deadline has passed."""
        try:
            for piece in self._response.iter_bytes():
                self._check_deadline()
                yield piece
        except httpx.RequestError as error:
            raise _failure(error, is_late=self._clock() >= self._deadline) from None
        # A body that only the end of the connection ends looks whole when it was cut off.
        self._check_deadline()

    def _check_deadline(self) -> None:
        if self._clock() >= self._deadline:
            raise UpstreamTimeoutError(_LATE, bedrock_request_id=self.bedrock_request_id)

    def finish(self) -> None:
        """Reads the little that may be left after the last event, so that the connection can be used again."""
        self._cut_off.cancel()
        self._cut_off = ALARM.at(time.monotonic() + _ENDING_S, partial(_shut_down, self._response))
        with contextlib.suppress(GatewayError):
            for _ in self.chunks:
                pass

    def close(self) -> None:
        """Gives the connection back, or closes it where the answer was not read to its end."""
        self._cut_off.cancel()
        self._response.close()


class BedrockClient:
    """Chat completions at one base URL; safe to share between threads."""

    def __init__(
        self,
        *,
        base_url: str,
        connect_timeout_s: float,
        max_connections: int,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = f"{base_url}/chat/completions"
        self._connect_timeout_s, self._clock = connect_timeout_s, clock
        self._http = httpx.Client(
            transport=transport,
            # Short, because a connection may die unnoticed while Lambda has frozen the process.
            limits=httpx.Limits(max_connections=max_connections, keepalive_expiry=20),
            follow_redirects=False,  # the credentials go to the configured origin only
            trust_env=False,
        )
        # One caller's answer must not leave a cookie for the next one's request.
        self._http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def complete(
        self, content: bytes, *, auth: UpstreamAuth, headers: Mapping[str, str], deadline: float
    ) -> Completion:
        """The completion of the request `content`, read to its end by `deadline` (on this client's clock).

        Raises RefusedCredentialsError, UpstreamCredentialsError, UpstreamError, UpstreamTimeoutError,
        UpstreamConnectionError and UpstreamProtocolError.
        """
        accepting = {**headers, "accept": "application/json"}
        with contextlib.closing(self._ask(content, auth, accepting, deadline)) as answer:
            return _completion(b"".join(answer.chunks), answer.bedrock_request_id)

    def stream(
        self, content: bytes, *, auth: UpstreamAuth, headers: Mapping[str, str], deadline: float
    ) -> UpstreamAnswer:
        """The answer to a request that streams, once Bedrock has said 200 to it; its chunks raise as `complete`.

        Raises what `complete` raises.
        """
        accepting = {**headers, "accept": "text/event-stream", "accept-encoding": "identity"}
        answer = self._ask(content, auth, accepting, deadline)
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.close()
            raise UpstreamProtocolError(
                "Bedrock's answer is not a stream of events.", bedrock_request_id=answer.bedrock_request_id
            )
        return answer

    def _ask(
        self, content: bytes, auth: UpstreamAuth, headers: Mapping[str, str], deadline: float
    ) -> UpstreamAnswer:
        """The answer, if it is a 200."""
        answer = self._send(content, auth, {**headers, "content-type": "application/json"}, deadline)
        if answer.status == HTTPStatus.OK:
            return answer
        with contextlib.closing(answer):
            raise _error(answer, b"".join(answer.chunks), auth)

    def _send(
        self, content: bytes, auth: UpstreamAuth, headers: Mapping[str, str], deadline: float
    ) -> UpstreamAnswer:
        timeout_s = deadline - self._clock()
        if timeout_s <= 0:
            raise _failure(httpx.ConnectTimeout(""), is_late=True)
        timeout = httpx.Timeout(timeout_s, connect=min(self._connect_timeout_s, timeout_s))
        request = self._http.build_request(
            "POST", self._url, content=content, headers=headers, timeout=timeout
        )
        request.extensions["trace"] = partial(self._wait_for_headers, request, deadline)
        try:
            response = self._http.send(request, auth=auth, stream=True)
        except httpx.RequestError as error:
            raise _failure(error, is_late=False) from None
        return UpstreamAnswer(response, deadline=deadline, clock=self._clock)

    def _wait_for_headers(
        self, request: httpx.Request, deadline: float, event: str, _: Mapping[str, Any]
    ) -> None:
        """Leaves the wait for the answer's headers what connecting and sending have left of the time."""
        if event == "http11.receive_response_headers.started":
            request.extensions["timeout"]["read"] = max(0.001, deadline - self._clock())


def _shut_down(response: httpx.Response) -> None:
    """Wakes whoever reads from the answer's connection; httpx itself times out each read, not their sum."""
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("socket") if stream is not None else None
    if connection is not None:
        with contextlib.suppress(OSError):
            # Reset when it is closed: else a server that is still sending learns nothing for a minute.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
            # Not SSLSocket's own, which first forgets the TLS state: the reader would be handed ciphertext.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _failure(error: httpx.RequestError, *, is_late: bool) -> GatewayError:
    if is_late or isinstance(error, httpx.TimeoutException):
        return UpstreamTimeoutError(_LATE)
    return UpstreamConnectionError("The connection to Bedrock failed.")


def _error(answer: UpstreamAnswer, content: bytes, auth: UpstreamAuth) -> Exception:
    if answer.status in _REFUSED:
        return RefusedCredentialsError(_refusal(answer, content, auth), answer.bedrock_request_id)
    if answer.status < HTTPStatus.BAD_REQUEST:
        return UpstreamProtocolError(
            f"Bedrock answered with the unexpected HTTP status {answer.status}.",
            bedrock_request_id=answer.bedrock_request_id,
        )
    return upstream_errors.parse(answer.status, answer.headers, content)


def _refusal(answer: UpstreamAnswer, content: bytes, auth: UpstreamAuth) -> str:
    kind = answer.headers.get("x-amzn-errortype", "").partition(":")[0] or f"HTTP {answer.status}"
    message = upstream_errors.parse(answer.status, answer.headers, content).message
    return auth.concealed(f"{kind}: {message}")[:300]


def _completion(answer: bytes, bedrock_request_id: str | None) -> Completion:
    try:
        text = answer.decode("utf-8")
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UpstreamProtocolError(
            "Bedrock's answer is not JSON.", bedrock_request_id=bedrock_request_id
        ) from None
    # A wrong path answers HTTP 200 with an UnknownOperationException, so 200 alone proves nothing.
    if not isinstance(document, dict) or not isinstance(document.get("choices"), list):
        raise UpstreamProtocolError(
            "Bedrock's answer holds no choices.", bedrock_request_id=bedrock_request_id
        )
    return Completion(text, document, bedrock_request_id)
