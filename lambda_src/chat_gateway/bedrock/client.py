"""Asks Bedrock for a chat completion over HTTPS. No httpx type is returned to callers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

import httpx

from chat_gateway.bedrock import errors as upstream_errors
from chat_gateway.bedrock.auth import UpstreamAuth
from chat_gateway.core import foreign_json, foreign_text
from chat_gateway.core.errors import (
    ConfigurationError,
    GatewayError,
    ResponseTooLargeError,
    UpstreamConnectionError,
    UpstreamProtocolError,
    UpstreamTimeoutError,
)
from chat_gateway.core.foreign_text import Conceal
from chat_gateway.guardrail.outcome import GuardrailOutcome
from chat_gateway.http1 import body as http_body
from chat_gateway.http1.transport import Answer, KeptConnections

_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
# Time allowed for reading the rest of the body after the last event.
_ENDING_S = 0.5
# The rest of a longer error body is not read.
_MAX_ERROR_BYTES = 65_536
_FIRST_UNDEFINED_STATUS = 600
_LATE = "Bedrock did not answer in time."
# After these, Bedrock may have received the whole request, and may charge for the lost answer.
_AFTER_SENDING = (httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError)


# Reads an error answer: its status, headers and body; the last argument masks our credentials.
ReadError = Callable[[int, Mapping[str, str], bytes, Conceal], GatewayError]


class UpstreamTimeouts(NamedTuple):
    """Timeouts in seconds. A request's deadline also limits them."""

    connect_s: float
    first_byte_s: float  # until the answer's status and headers have come
    between_bytes_s: float


@dataclass(frozen=True, slots=True)
class Completion:
    """Bedrock's answer: `text` as received, the same parsed as `document`, and the guardrail's outcome.

    `service_tier`: what Bedrock calls the tier that served; callers see OpenAI's name of it.
    """

    text: str
    document: dict[str, Any]
    bedrock_request_id: str | None
    guardrail_outcome: GuardrailOutcome = field(default_factory=GuardrailOutcome)
    conceal: Conceal = field(default=foreign_text.nothing_to_conceal, compare=False, repr=False)
    service_tier: object = field(default=None, compare=False, repr=False)


class RefusedCredentialsError(Exception):
    """Bedrock answered 401 or 403. `detail`, for the log, says why in our own words.

    `lacks_access`: the credentials are valid, but may not use this model or guardrail.
    """

    def __init__(self, detail: str, bedrock_request_id: str | None, *, lacks_access: bool = False) -> None:
        super().__init__(detail)
        self.detail, self.lacks_access = detail, lacks_access
        self.bedrock_request_id = bedrock_request_id


class StreamedAnswer(Protocol):
    """A stream of chat completion events, after its status 200. Read the body from `chunks`, and close the answer."""

    bedrock_request_id: str | None
    chunks: Iterator[bytes]

    def concealed(self, text: str, /) -> str: ...
    def read_by(self, ends_at: float | None) -> None: ...
    def finish(self) -> None: ...
    def close(self) -> None: ...


class UpstreamAnswer:
    """An answer whose status and headers were read. Read the body from `chunks`, and close the answer."""

    def __init__(
        self,
        answer: Answer,
        auth: UpstreamAuth,
        *,
        deadline: float,
        between_bytes_s: float,
        clock: Callable[[], float],
    ) -> None:
        self.status, fields, self._stream, self._set_end = answer
        self._deadline, self._clock = deadline, clock
        self._between_bytes_s = between_bytes_s
        self.headers = _headers(fields)
        self.concealed: Conceal = auth.concealed
        self.bedrock_request_id = upstream_errors.request_id(self.headers, self.concealed)
        self.chunks = self._read()

    def _read(self) -> Iterator[bytes]:
        """The body as it arrives. Raises UpstreamTimeoutError once the deadline has passed."""
        try:
            for piece in self._pieces():
                self._check_deadline()
                yield piece
        except httpx.RequestError as error:
            is_late = self._clock() >= self._deadline
            raise _failure(error, is_late=is_late, bedrock_request_id=self.bedrock_request_id) from None
        # A body that ends with the connection looks complete even if the deadline cut it off.
        self._check_deadline()

    def _pieces(self) -> Iterator[bytes]:
        """The raw body. Reading it through httpx takes as long per event as everything else together."""
        encoding = self.headers.get("content-encoding", "").lower()
        if encoding not in ("", "identity") or not isinstance(self._stream, httpx.SyncByteStream):
            raise UpstreamProtocolError(
                "Bedrock's answer has a content encoding that the gateway did not ask for.",
                bedrock_request_id=self.bedrock_request_id,
            )
        return iter(self._stream)

    def _check_deadline(self) -> None:
        if self._clock() >= self._deadline:
            raise UpstreamTimeoutError(_LATE, bedrock_request_id=self.bedrock_request_id)

    def read_by(self, ends_at: float | None) -> None:
        """Limits the next reads to `ends_at` (on the client's clock); None: to the deadline and pauses, as at first."""
        left_s = min(self._deadline if ends_at is None else ends_at, self._deadline) - self._clock()
        self._end_in(left_s, pause_s=self._between_bytes_s if ends_at is None else max(left_s, 0))

    def finish(self) -> None:
        """Reads the rest of the body after the last event, so that the connection can be used again."""
        self._end_in(_ENDING_S, pause_s=_ENDING_S)
        with contextlib.suppress(GatewayError):
            http_body.gather(self.chunks, _MAX_ERROR_BYTES, cuts=True)

    def _end_in(self, left_s: float, *, pause_s: float) -> None:
        if self._set_end is not None:
            self._set_end(time.monotonic() + left_s, pause_s=pause_s)

    def close(self) -> None:
        """Returns the connection to the pool, or closes it if the answer was not read completely."""
        if isinstance(self._stream, httpx.SyncByteStream):
            self._stream.close()


class BedrockClient:
    """A client for chat completions at one base URL. Threads may share it."""

    def __init__(
        self,
        *,
        base_url: str,
        timeouts: UpstreamTimeouts,
        max_connections: int,
        max_answer_bytes: int,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        unhurried: BedrockClient | None = None,
    ) -> None:
        self._base_url, self._unhurried = base_url, unhurried
        self._as_here = partial(
            BedrockClient,
            timeouts=timeouts,
            max_connections=max_connections,
            max_answer_bytes=max_answer_bytes,
            transport=transport,
            clock=clock,
        )
        try:
            self.url = httpx.URL(f"{base_url}/chat/completions")
        except httpx.InvalidURL as error:
            raise ConfigurationError(f"Bedrock's URL is not valid: {error}") from None
        self._host = self.url.netloc.decode("ascii")
        self._timeouts, self._max_answer_bytes, self._clock = timeouts, max_answer_bytes, clock
        # A transport instead of httpx's client: no redirects, cookies or proxies.
        self._transport = transport or KeptConnections(max_idle=max_connections)

    @property
    def first_byte_s(self) -> float:
        """How long it may take until an answer begins."""
        return self._timeouts.first_byte_s

    def at(self, base_url: str) -> BedrockClient:
        """A client with the same settings for another base URL, with connections of its own."""
        return self._as_here(base_url=base_url)

    def answering_within(self, first_byte_s: float) -> BedrockClient:
        """This client with a shorter time to connect, and until an answer's status and headers have come.

        It shares the connections.
        """
        timeouts = self._timeouts._replace(
            connect_s=min(first_byte_s, self._timeouts.connect_s),
            first_byte_s=min(first_byte_s, self._timeouts.first_byte_s),
        )
        return self._as_here(
            base_url=self._base_url, timeouts=timeouts, transport=self._transport, unhurried=self
        )

    @property
    def unhurried(self) -> BedrockClient:
        """This client with the environment's own times."""
        return self._unhurried or self

    def complete(
        self, content: bytes, *, auth: UpstreamAuth, headers: Mapping[str, str], deadline: float
    ) -> Completion:
        """The complete answer to the request `content`, read by `deadline` (on this client's clock).

        Raises RefusedCredentialsError, UpstreamCredentialsError, UpstreamError, UpstreamTimeoutError,
        UpstreamConnectionError, UpstreamProtocolError and ResponseTooLargeError.
        """
        accepting = {**headers, "accept": "application/json"}
        with contextlib.closing(self.ask(content, auth, accepting, deadline)) as answer:
            return _completion(self.gathered(answer), answer)

    def gathered(self, answer: UpstreamAnswer) -> bytes:
        """The whole body. Raises ResponseTooLargeError, and what `chunks` raises."""
        try:
            return http_body.gather(answer.chunks, self._max_answer_bytes)
        except http_body.TooLargeError:
            raise ResponseTooLargeError(
                f"The completion is larger than {self._max_answer_bytes} bytes. Ask for less, or set 'stream' to true: a stream "
                "may be larger.",
                bedrock_request_id=answer.bedrock_request_id,
            ) from None

    def stream(
        self, content: bytes, *, auth: UpstreamAuth, headers: Mapping[str, str], deadline: float
    ) -> UpstreamAnswer:
        """The answer to a request that streams, once its status is 200. Its `chunks` raise what `complete` raises.

        Raises what `complete` raises.
        """
        accepting = {**headers, "accept": "text/event-stream"}
        answer = self.ask(content, auth, accepting, deadline)
        if not answer.headers.get("content-type", "").lower().startswith("text/event-stream"):
            answer.close()
            raise UpstreamProtocolError(
                "Bedrock's answer is not a stream of events.", bedrock_request_id=answer.bedrock_request_id
            )
        return answer

    def ask(
        self,
        content: bytes,
        auth: UpstreamAuth,
        headers: Mapping[str, str],
        deadline: float,
        *,
        url: httpx.URL | None = None,
        read_error: ReadError = upstream_errors.parse,
    ) -> UpstreamAnswer:
        """The answer of `url` (None: chat completions), if its status is 200. Raises what `complete` raises otherwise.

        `read_error` reads the error in an answer with another status.
        """
        plain = {**headers, "content-type": "application/json", "accept-encoding": "identity"}
        answer = self._send(content, auth, plain, deadline, url or self.url)
        if answer.status == HTTPStatus.OK:
            return answer
        with contextlib.closing(answer):
            raise _error(answer, _error_body(answer), read_error)

    def _send(
        self, content: bytes, auth: UpstreamAuth, headers: Mapping[str, str], deadline: float, url: httpx.URL
    ) -> UpstreamAnswer:
        left_s = deadline - self._clock()
        if left_s <= 0:
            raise _failure(httpx.ConnectTimeout(""), is_late=True)
        request = self._request(content, headers, left_s, url)
        auth.authorize(request)
        try:
            answer = _exchanged(self._transport, request)
        except httpx.LocalProtocolError:  # a bug in the gateway, not a connection failure
            raise
        except httpx.RequestError as error:
            raise _failure(error, is_late=False) from None
        return UpstreamAnswer(
            answer,
            auth,
            deadline=deadline,
            between_bytes_s=self._timeouts.between_bytes_s,
            clock=self._clock,
        )

    def _request(
        self, content: bytes, headers: Mapping[str, str], left_s: float, url: httpx.URL
    ) -> httpx.Request:
        """Sets the framing headers itself: with `content=`, httpx takes 6 µs for them, more than for the rest."""
        request = httpx.Request(
            "POST",
            url,
            headers=_fixed_headers(self._host, tuple(headers.items())),
            stream=httpx.ByteStream(content),
            extensions={
                "timeout": self._within(left_s),
                "deadline": time.monotonic() + left_s,
                "content": content,
            },
        )
        request.headers["content-length"] = str(len(content))
        return request

    def _within(self, left_s: float) -> dict[str, float]:
        """The timeouts by httpx's names, and `first_byte` for our transport."""
        timeouts = self._timeouts
        return {
            "connect": min(timeouts.connect_s, left_s),
            "first_byte": min(timeouts.first_byte_s, left_s),
            "read": timeouts.between_bytes_s,
        }


@lru_cache(maxsize=8)
def _fixed_headers(host: str, headers: tuple[tuple[str, str], ...]) -> httpx.Headers:
    """The headers that most requests have in common, not to be changed. httpx.Request copies them faster than it makes them."""
    return httpx.Headers([("host", host), *headers])


def _exchanged(transport: httpx.BaseTransport, request: httpx.Request) -> Answer:
    if isinstance(transport, KeptConnections):
        return transport.exchange(request)
    response = transport.handle_request(request)
    end_by = response.extensions.get("end_by")
    return Answer(response.status_code, response.headers.raw, response.stream, end_by)


def _headers(fields: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers by lowercase name, values joined by commas."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in fields:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _failure(
    error: httpx.RequestError, *, is_late: bool, bedrock_request_id: str | None = None
) -> GatewayError:
    was_sent = isinstance(error, _AFTER_SENDING)
    # The transport's message holds only the kind of failure, and nothing that the server sent.
    cause = f"{type(error).__name__} {error}".strip()
    if is_late or isinstance(error, httpx.TimeoutException):
        return UpstreamTimeoutError(
            _LATE, bedrock_request_id=bedrock_request_id, was_sent=was_sent, cause=cause
        )
    return UpstreamConnectionError(
        "The connection to Bedrock failed.",
        bedrock_request_id=bedrock_request_id,
        was_sent=was_sent,
        cause=cause,
    )


def _error_body(answer: UpstreamAnswer) -> bytes:
    """The body, empty if it cannot be read: the status is enough."""
    try:
        return http_body.gather(answer.chunks, _MAX_ERROR_BYTES, cuts=True)
    except GatewayError:
        return b""


def _error(answer: UpstreamAnswer, content: bytes, read_error: ReadError) -> Exception:
    status = answer.status
    if not HTTPStatus.BAD_REQUEST <= status < _FIRST_UNDEFINED_STATUS:
        return UpstreamProtocolError(
            f"Bedrock answered with the unexpected HTTP status {status}.",
            bedrock_request_id=answer.bedrock_request_id,
        )
    error = read_error(status, answer.headers, content, answer.concealed)
    if status not in _REFUSED:
        return error
    from chat_gateway.bedrock import refusals  # for refused requests only

    refusal = refusals.read(
        status, upstream_errors.error_class(answer.headers, answer.concealed), error.message
    )
    return RefusedCredentialsError(
        refusal.reason, answer.bedrock_request_id, lacks_access=not refusal.is_about_key
    )


def _completion(content: bytes, answer: UpstreamAnswer) -> Completion:
    bedrock_request_id = answer.bedrock_request_id
    try:
        text = content.decode("utf-8")
        document = foreign_json.loads(text)
    except ValueError:
        raise UpstreamProtocolError(
            "Bedrock's answer is not JSON that the gateway can read.", bedrock_request_id=bedrock_request_id
        ) from None
    # For a wrong path, Bedrock answers HTTP 200 with an UnknownOperationException, so a 200 alone is not enough.
    if not _has_choices(document) or document.get("error"):
        raise UpstreamProtocolError(
            "Bedrock's answer contains no choices.", bedrock_request_id=bedrock_request_id
        )
    return Completion(text, document, bedrock_request_id, conceal=answer.concealed)


def _has_choices(document: object) -> bool:
    choices = document.get("choices") if isinstance(document, dict) else None
    return isinstance(choices, list) and all(isinstance(choice, dict) for choice in choices)
