"""Makes the answer and the log line of one HTTP request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

from chat_gateway.bedrock.client import Completion, StreamedAnswer
from chat_gateway.completions import sse
from chat_gateway.completions.retry import Attempts
from chat_gateway.completions.stream import ChatStream, StreamRules
from chat_gateway.core.errors import GatewayError
from chat_gateway.service.request_log import RequestLog
from response_streaming import StreamError, StreamingResponse
from watchdog_timer import named_items

if TYPE_CHECKING:
    from chat_gateway.client_policies.meter import Meter

# The status 200 waits this long for the first event, so that an early error can still have its own status.
_HOLD_S = 15.0
# API Gateway closes a connection that is silent for 30 s (edge) or 5 min (regional):
# https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
_HEARTBEAT_S = 15.0
_HEARTBEAT = b": still working\n\n"
# Fits into a socket's buffer. Writing more can block on a slow reader until Lambda ends the function.
_WRITTEN_AT_ONCE_BYTES = 65_536


@dataclass(slots=True)
class Exchange:
    """Makes the response and writes the log line. `started` is on `clock`, in seconds."""

    log: RequestLog
    clock: Callable[[], float]
    started: float
    headers: dict[str, str] = field(default_factory=dict)  # on every answer
    attempts: Attempts | None = None  # at Bedrock
    meter: Meter | None = None  # of a client with limits, or whose usage is recorded
    shows_target: bool = False  # the model that answered, in a header

    @property
    def name(self) -> str:
        """The request's name in the traceback of a process that dies at it."""
        return f"request {self.log.fields['request_id']}"

    def reserve(self, content: bytes) -> None:
        """Reserves what the request may use, if its client has limits. `content` is what is sent. Raises GatewayError."""
        if self.meter is not None:
            try:
                self.meter.reserve(content)
            finally:
                self.headers |= self.meter.headers

    def completed(self, completion: Completion) -> StreamingResponse:
        """The response with the completion."""
        self._add_target()
        self.log.record_outcome(completion)
        if self.meter is not None:
            self.meter.answered(completion.document.get("usage"))
        headers = {**_bedrock_headers(completion.bedrock_request_id), **self._target_header()}
        if action := completion.guardrail_outcome.action:
            headers["x-guardrail-action"] = action
        content = completion.text.encode()
        write_log = partial(self._write_completion, completion)
        if len(content) > _WRITTEN_AT_ONCE_BYTES:
            write_log()
            return self._response(HTTPStatus.OK, headers, iter([content]))
        return self._response(HTTPStatus.OK, headers, _LoggedAfter(content, write_log))

    def failed(self, error: GatewayError) -> StreamingResponse:
        """The response with the error in OpenAI's shape."""
        self._add_target()
        self.log.add_error(error)
        if self.meter is not None:
            self.meter.failed(error)
        self._write(error.status)
        return self._refusal(error)

    def streamed(self, upstream: StreamedAnswer, rules: StreamRules) -> StreamingResponse:
        """The streamed response. The log line is written when the stream ends."""
        self._add_target()
        if self.meter is not None:
            self.meter.answered(None)
        return StreamingResponse(
            status_code=HTTPStatus.OK,
            headers={
                **self.headers,
                **_bedrock_headers(upstream.bedrock_request_id),
                **self._target_header(),
                "content-type": "text/event-stream; charset=utf-8",
                "cache-control": "no-cache",
            },
            body=_Streamed(
                named_items(self.name, self._relay(upstream, rules)), partial(self._abandon, upstream)
            ),
            hold_s=_HOLD_S,
            heartbeat=_HEARTBEAT,
            heartbeat_s=_HEARTBEAT_S,
        )

    def _relay(self, upstream: StreamedAnswer, rules: StreamRules) -> Iterator[bytes]:
        stream = ChatStream(
            upstream.chunks,
            rules,
            bedrock_request_id=upstream.bedrock_request_id,
            conceal=upstream.concealed,
        )
        began, error, is_sent = self.clock(), None, False
        self.log.add(bedrock_request_id=upstream.bedrock_request_id)
        try:
            for piece in stream.relay():
                is_sent = True
                yield piece
            upstream.finish()
        except GatewayError as failure:
            error = failure.with_traceback(None)  # else it keeps itself, and the request, by this frame
            self.log.add_error(failure)
        except GeneratorExit:
            self.log.add(abandoned=True)
            raise
        except Exception as fault:  # noqa: BLE001 - the caller must get an error event
            error = self.log.add_fault(fault)
        finally:
            upstream.close()
            self._add_stream(stream)
            self._meter_stream(stream, error)
            is_committed = is_sent or self.clock() - began >= _HOLD_S
            status = HTTPStatus.OK if error is None or is_committed else error.status
            self._write(status, failed=error is not None)
        if error is not None:
            raise StreamError(
                error.code or error.type, response=self._refusal(error), last_chunk=sse.event(error.body())
            )

    def _add_target(self) -> None:
        """Adds what became of each target, if the request named one of the environment's own models."""
        attempts = self.attempts
        if attempts is None or attempts.target_model is None:
            return
        self.log.add(**(attempts.log_fields or {}))
        if self.meter is not None:
            self.meter.asked(attempts.target_model)

    def _target_header(self) -> dict[str, str]:
        if not self.shows_target or self.attempts is None:
            return {}
        return {"x-gateway-model": self.attempts.target_model or self.log.fields["model"]}

    def _abandon(self, upstream: StreamedAnswer) -> None:
        """Closes and logs a stream that was never read."""
        upstream.close()
        self.log.add(bedrock_request_id=upstream.bedrock_request_id, abandoned=True)
        self._write(HTTPStatus.OK)

    def _add_stream(self, stream: ChatStream) -> None:
        """Adds the fields that are known after the stream has ended."""
        self.log.add(events=stream.events, done_missing=stream.lacks_done or None)
        self.log.record_guardrail(stream.guardrail_outcome)
        self.log.add_usage(stream.usage)
        self.log.add_service_tier(stream.service_tier)
        if stream.first_token_at is not None:
            self.log.add(time_to_first_token_ms=round((stream.first_token_at - self.started) * 1000))

    def _meter_stream(self, stream: ChatStream, error: GatewayError | None) -> None:
        if self.meter is None:
            return
        self.meter.answered(stream.usage)
        if error is not None and not stream.events:
            self.meter.failed(error)

    def _refusal(self, error: GatewayError) -> StreamingResponse:
        headers = {**error.headers(), **_bedrock_headers(error.bedrock_request_id)}
        return self._response(error.status, headers, iter([error.body().encode()]))

    def _response(self, status: int, headers: dict[str, str], body: Iterator[bytes]) -> StreamingResponse:
        return StreamingResponse(
            status_code=int(status),
            headers={"content-type": "application/json", **headers, **self.headers},
            body=body,
            is_whole=True,
        )

    def _write_completion(self, completion: Completion) -> None:
        self.log.add_use(completion)
        self._write(HTTPStatus.OK)

    def _write(self, status: int, *, failed: bool = False) -> None:
        if self.attempts is not None:
            self.log.add(upstream_attempts=self.attempts.count or None)
        self.log.add(status=int(status), latency_ms=round((self.clock() - self.started) * 1000))
        if self.meter is not None:
            self.log.add(**self.meter.settle())
        if self.log.metrics is not None:
            self.log.metrics.add_request(self.log.fields)
        self.log.write("chat completion", failed=failed or status >= HTTPStatus.INTERNAL_SERVER_ERROR)


class _LoggedAfter(Iterator[bytes]):
    """A body of one item. Writes the log line, which takes a tenth of the gateway's time, after the body was sent."""

    def __init__(self, content: bytes, write_log: Callable[[], None]) -> None:
        self._items, self._write_log = [content], write_log

    def __next__(self) -> bytes:
        if not self._items:
            raise StopIteration
        return self._items.pop()

    def close(self) -> None:
        write_log, self._write_log = self._write_log, _nothing
        write_log()


class _Streamed(Iterator[bytes]):
    """A stream's items. If closed before the first item, it calls `abandon`, since a generator then runs no code."""

    def __init__(self, items: Iterator[bytes], abandon: Callable[[], None]) -> None:
        self._items, self._abandon = items, abandon

    def __next__(self) -> bytes:
        self._abandon = _nothing
        return next(self._items)

    def close(self) -> None:
        abandon, self._abandon = self._abandon, _nothing
        abandon()
        self._items.close()  # type: ignore[attr-defined] # it is a generator


def _nothing() -> None:
    return None


def _bedrock_headers(bedrock_request_id: str | None) -> dict[str, str]:
    return {} if bedrock_request_id is None else {"x-bedrock-request-id": bedrock_request_id}
