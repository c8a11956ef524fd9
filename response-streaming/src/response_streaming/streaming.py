"""Streams a StreamingResponse, and reports failures with the protocol's means."""

from __future__ import annotations

import binascii
import json
from contextlib import closing

from response_streaming import failures, payloads
from response_streaming.failures import FaultError
from response_streaming.responses import StreamError, StreamingResponse
from response_streaming.runtime_api import Answer, Invocation, RuntimeApi, check_accepted, trailers
from response_streaming.writer import AbandonedError, ResponseWriter, chunk

_DELIMITER = bytes(8)
# The delimiter must come within the first 16 KB:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode-lambda.html
_LONGEST_PRELUDE_BYTES = 16 * 1024 - len(_DELIMITER)
# The Runtime API uses Go's HTTP server, which refuses trailers that do not fit into its 4 KB buffer:
# https://github.com/golang/go/blob/master/src/net/http/transfer.go (readTrailer)
_LONGEST_ERROR_BYTES = 2400  # 3,200 in base64


def stream(api: RuntimeApi, invocation: Invocation, response: StreamingResponse) -> None:
    """Writes the complete `response`, or a StreamError's response instead. Always closes the body.

    If nothing has been sent yet, raises the body's exception, or FaultError for a head that is too large. Also raises
    AbandonedError, RefusedError and RuntimeApiError.
    """
    following: StreamingResponse | None = response
    while following is not None:
        current = following
        try:
            following = _stream_one(api, invocation, current)
        finally:
            _close(current, invocation)


def _stream_one(
    api: RuntimeApi, invocation: Invocation, response: StreamingResponse
) -> StreamingResponse | None:
    head = api.streaming_head(invocation) + chunk(_prelude(response))
    writer = ResponseWriter(
        api.take_connection,
        head,
        hold_s=response.hold_s,
        heartbeat=response.heartbeat,
        heartbeat_s=response.heartbeat_s,
    )
    with closing(writer):
        try:
            answer = _written(writer, response)
        except AbandonedError:
            raise
        except StreamError as error:
            if writer.retract():
                return error.response
            _close(error.response, invocation)
            answer = writer.end(error.last_chunk, trailers=_stream_error_trailers(error))
        except Exception as error:
            if writer.retract():
                raise
            failures.log(invocation.request_id, failures.describe(error))
            answer = writer.end(trailers=_error_trailers(error))
        check_accepted(answer)
        if not answer.closes:
            api.give_back(writer.release())
        return None


def _written(writer: ResponseWriter, response: StreamingResponse) -> Answer:
    if response.is_whole:
        return writer.end(b"".join(response.body))
    writer.start()
    for item in response.body:
        writer.write(item)
    return writer.end()


def _prelude(response: StreamingResponse) -> bytes:
    prelude, _ = payloads.encode_result(response.metadata())
    if len(prelude) > _LONGEST_PRELUDE_BYTES:
        raise FaultError(
            "Runtime.ResponseHeadTooLarge",
            f"Status and headers take {len(prelude)} bytes; Lambda reads at most {_LONGEST_PRELUDE_BYTES}",
        )
    return prelude + _DELIMITER


def _stream_error_trailers(error: StreamError) -> bytes:
    return _trailers(error.error_type, error.error_type, [])


def _error_trailers(error: Exception) -> bytes:
    document = failures.error_document(error)
    return _trailers(document["errorType"], document["errorMessage"], document["stackTrace"])


def _trailers(error_type: str, message: str, stack_trace: list[str]) -> bytes:
    """The trailers, with as many inner frames of the stack trace as fit."""
    error_type, message = error_type[:50], message[:100]  # at most 12 bytes a character
    while True:
        document = {"errorMessage": message, "errorType": error_type, "stackTrace": stack_trace}
        body = json.dumps(document).encode()
        if len(body) <= _LONGEST_ERROR_BYTES:
            return trailers(error_type, binascii.b2a_base64(body, newline=False).decode())
        stack_trace = stack_trace[1:]


def _close(response: StreamingResponse, invocation: Invocation) -> None:
    try:
        response.close()
    except Exception as error:  # noqa: BLE001 - the answer has been sent; the next invocation must be served
        failures.log(invocation.request_id, f"closing the body: {failures.describe(error)}")
