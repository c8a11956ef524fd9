"""Every exchange ends with its log line and a closed connection."""

from __future__ import annotations

import contextlib
import json
import weakref
from collections.abc import Iterator
from io import StringIO

import httpx

from chat_gateway.bedrock.client import UpstreamAnswer
from chat_gateway.completions.stream import StreamRules
from chat_gateway.http1.transport import Answer
from chat_gateway.http_api.exchange import Exchange
from chat_gateway.service.request_log import RequestLog
from response_streaming import StreamError, StreamingResponse
from tests.unit.chat_gateway.bedrock_calls import bearer
from tests.unit.chat_gateway.garbage import no_collector
from tests.unit.chat_gateway.lambda_calls import logger_to


class Body(httpx.SyncByteStream):
    closed = 0

    def __iter__(self) -> Iterator[bytes]:
        raise httpx.ReadError("reset")

    def close(self) -> None:
        self.closed += 1


def stream_of(body: Body, log: StringIO) -> StreamingResponse:
    received = Answer(200, [(b"x-amzn-requestid", b"bedrock-1")], body, None)
    answer = UpstreamAnswer(received, bearer(), deadline=float("inf"), between_bytes_s=1, clock=lambda: 0.0)
    request_log = RequestLog(logger_to(log), secret_arn=None)
    request_log.add(request_id="our-id", lambda_request_id="lambda-id", cold_start=False)
    return Exchange(request_log, clock=lambda: 0.0, started=0.0).streamed(answer, StreamRules())


def test_a_stream_that_never_began_is_closed_and_logged(log: StringIO) -> None:
    """If nobody reads the first item, the answer is closed once and the request has its log line."""
    body = Body()
    streamed = stream_of(body, log)
    streamed.close()
    streamed.close()
    (line,) = map(json.loads, log.getvalue().splitlines())
    assert (line["request_id"], line["bedrock_request_id"], line["abandoned"]) == (
        "our-id",
        "bedrock-1",
        True,
    )
    assert body.closed == 1


def test_a_failed_stream_is_not_kept(log: StringIO) -> None:
    """Nothing of a stream that failed, or of its request, waits for the garbage collector."""
    body = Body()
    reference = weakref.ref(body)
    with no_collector():
        with contextlib.suppress(StreamError):
            list(stream_of(body, log).body)
        del body
        assert reference() is None
