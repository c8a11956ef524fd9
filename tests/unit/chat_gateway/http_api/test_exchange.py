"""Every exchange ends with its log line and a closed connection."""

from __future__ import annotations

import json
from io import StringIO

import httpx

from chat_gateway.bedrock.client import UpstreamAnswer
from chat_gateway.completions.stream import StreamRules
from chat_gateway.http_api.exchange import Exchange
from chat_gateway.service.request_log import RequestLog
from tests.unit.chat_gateway.bedrock_calls import bearer
from tests.unit.chat_gateway.lambda_calls import logger_to


class Body(httpx.SyncByteStream):
    closed = 0

    def close(self) -> None:
        self.closed += 1


def test_a_stream_that_never_began_is_closed_and_logged(log: StringIO) -> None:
    """If nobody reads the first item, the answer is closed once and the request has its log line."""
    body = Body()
    response = httpx.Response(200, headers={"x-amzn-requestid": "bedrock-1"}, stream=body)
    answer = UpstreamAnswer(response, bearer(), deadline=float("inf"), between_bytes_s=1, clock=lambda: 0.0)
    request_log = RequestLog(logger_to(log), secret_arn=None)
    request_log.add(request_id="our-id")
    streamed = Exchange(request_log, clock=lambda: 0.0, started=0.0).streamed(answer, StreamRules())
    streamed.close()
    streamed.close()
    (line,) = map(json.loads, log.getvalue().splitlines())
    assert (line["request_id"], line["bedrock_request_id"], line["abandoned"]) == (
        "our-id",
        "bedrock-1",
        True,
    )
    assert body.closed == 1
