"""The chat function as the streaming loop calls it: statuses, events, errors, and the final log line."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from typing import Any, NoReturn

import httpx
import pytest

from chat_gateway.bedrock.bearer_auth import BearerCredentials
from chat_gateway.completions.completions import Completions
from chat_gateway.completions.retry import Attempts
from response_streaming import StreamError
from tests.unit.chat_gateway.api_calls import (
    COMPLETION,
    KEY,
    PROMPT,
    STREAMING,
    Bedrock,
    ChatCalls,
    completions_for,
    event,
    ok,
)
from tests.unit.chat_gateway.bedrock_calls import TIMEOUTS, client_for
from tests.unit.chat_gateway.bedrock_key_fakes import FakeSecrets, api_key
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.conftest import Asking
from tests.unit.chat_gateway.stalling_server import Stalling
from tests.unit.chat_gateway.stream_chunks import DONE, ROLE, USAGE, USAGE_CHUNK, chunk, words


def streaming(*pieces: bytes) -> Bedrock:
    headers = {"content-type": "text/event-stream", "x-amzn-requestid": "bedrock-id"}
    return lambda _: httpx.Response(200, content=iter(pieces), headers=headers)


def failure_of(body: Iterator[bytes]) -> tuple[bytes, StreamError]:
    """The bytes before the body failed, and the failure."""
    out: list[bytes] = []
    with pytest.raises(StreamError) as caught:
        out.extend(body)
    return b"".join(out), caught.value


def error_in(text: bytes) -> dict[str, Any]:
    error: dict[str, Any] = json.loads(text)["error"]
    return error


def test_an_answer_in_one_piece_is_logged_once_after_it_has_gone_out(asking: Asking, log: StringIO) -> None:
    gateway = asking(ok)
    response = gateway.respond(VALID)
    assert response.is_whole
    assert json.loads(b"".join(response.body)) == COMPLETION
    assert log.getvalue() == ""
    response.close()
    response.close()
    assert json.loads(log.getvalue())["status"] == 200


def test_an_answer_in_one_piece_that_nobody_takes_is_logged_too(asking: Asking, log: StringIO) -> None:
    gateway = asking(ok)
    gateway.respond(VALID).close()
    assert json.loads(log.getvalue())["total_tokens"] == 8


def test_large_answer_is_logged_before_it_is_sent(asking: Asking, log: StringIO) -> None:
    """An answer too large to be sent at once is logged before a slow client can delay it."""
    gateway = asking(lambda _: httpx.Response(200, json={**COMPLETION, "padding": "x" * 100_000}))
    response = gateway.respond(VALID)
    assert json.loads(log.getvalue())["status"] == 200
    assert len(b"".join(response.body)) > 100_000
    response.close()
    assert log.getvalue().count("\n") == 1


def test_events_are_relayed_with_every_id_in_the_head(asking: Asking) -> None:
    gateway = asking(streaming(ROLE, words("hello"), USAGE_CHUNK, DONE))
    response = gateway.respond()
    assert response.status_code == 200
    assert response.headers == {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache",
        "x-request-id": "our-id",
        "x-bedrock-request-id": "bedrock-id",
    }
    assert list(response.body) == [ROLE, words("hello"), DONE]


def test_head_waits_for_the_first_event(
    asking: Asking,
) -> None:
    """The head waits for the first event, and comments are sent while Bedrock is silent."""
    gateway = asking(streaming(DONE))
    response = gateway.respond()
    assert (response.hold_s, response.heartbeat_s) == (15, 15)
    assert response.heartbeat.startswith(b":")
    assert response.heartbeat.endswith(b"\n\n")
    list(response.body)


def test_usage_is_requested_and_logged(asking: Asking, log: StringIO) -> None:
    """Usage is requested and counted, and the log line is written when the stream ends.

    The log line holds no prompt, no answer and no key.
    """
    sent: list[dict[str, Any]] = []

    def bedrock(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return streaming(ROLE, words("a whisper"), USAGE_CHUNK, DONE)(request)

    gateway = asking(bedrock)
    response = gateway.respond()
    assert log.getvalue() == ""
    list(response.body)
    assert sent[0]["stream_options"] == {"include_usage": True}
    line = json.loads(log.getvalue())
    expected = {"stream": True, "status": 200, "events": 3, "bedrock_request_id": "bedrock-id", **USAGE}
    assert expected.items() <= line.items()
    assert line["time_to_first_token_ms"] >= 0
    for secret in (PROMPT, "whisper", KEY):
        assert secret not in log.getvalue()


def test_a_setting_leaves_usage_alone(asking: Asking) -> None:
    sent: list[dict[str, Any]] = []

    def bedrock(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return streaming(DONE)(request)

    gateway = asking(bedrock)
    uncounted = replace(
        gateway, state=gateway.state._replace(http=gateway.state.http._replace(count_stream_tokens=False))
    )
    list(uncounted.respond().body)
    assert sent == [STREAMING]


@pytest.mark.parametrize(
    ("bedrock", "status"),
    [
        (lambda _: httpx.Response(429, json={"message": "slow"}, headers={"retry-after": "7"}), 429),
        (lambda _: httpx.Response(503, json={"message": "busy"}), 503),
        (lambda _: httpx.Response(200, json={"Output": {}}), 502),
    ],
)
def test_an_error_in_place_of_a_stream_is_a_status(asking: Asking, bedrock: Bedrock, status: int) -> None:
    gateway = asking(bedrock)
    response = gateway.respond()
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-request-id"] == "our-id"
    assert error_in(b"".join(response.body)).keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ([chunk(error={"message": "slow", "type": "rate_limit_error"})], 429),
        ([b"data: <html>\n\n"], 502),
        ([b"data: {unfini"], 502),
        ([], 502),
    ],
)
def test_error_in_place_of_the_first_event_is_a_status(
    asking: Asking, log: StringIO, pieces: list[bytes], status: int
) -> None:
    """An error in place of the first event is an HTTP status, as long as the head waits."""
    gateway = asking(streaming(*pieces))
    out, failure = failure_of(gateway.respond().body)
    assert out == b""
    assert failure.response.status_code == status
    assert failure.response.headers["x-bedrock-request-id"] == "bedrock-id"
    assert error_in(b"".join(failure.response.body))["message"]
    assert json.loads(log.getvalue())["status"] == status


def test_the_log_has_the_status_that_the_caller_saw(asking: Asking, log: StringIO) -> None:
    failure = chunk(error={"message": "slow", "type": "rate_limit_error"})
    gateway = asking(streaming(b": ping\n\n", failure))  # the comment has already gone out
    failure_of(gateway.respond().body)
    gateway = asking(streaming(USAGE_CHUNK, failure))  # which is kept back
    failure_of(gateway.respond().body)
    assert [json.loads(line)["status"] for line in log.getvalue().splitlines()] == [200, 429]


@pytest.mark.parametrize(
    ("last", "code"),
    [
        (chunk(error={"message": "gone", "type": "server_error", "code": "model_error"}), "model_error"),
        (b"data: <html>\n\n", "upstream_invalid_response"),
        (b"", "upstream_connection_error"),
    ],
)
def test_an_error_after_it_is_a_last_event_that_the_sdks_raise_on(
    asking: Asking, log: StringIO, last: bytes, code: str
) -> None:
    gateway = asking(streaming(ROLE, words("hello"), last))
    out, failure = failure_of(gateway.respond().body)
    assert out == ROLE + words("hello")
    assert failure.last_chunk.startswith(b"data: ")
    assert failure.last_chunk.endswith(b"\n\n")
    assert error_in(failure.last_chunk[6:])["code"] == code
    assert failure.error_type == code
    line = json.loads(log.getvalue())
    assert (line["status"], line["error_code"], line["level"]) == (200, code, "ERROR")


@pytest.mark.parametrize("ending", [httpx.ReadTimeout(""), httpx.ReadError(""), None])
def test_once_an_event_has_gone_out_bedrock_is_not_asked_again(
    asking: Asking, log: StringIO, ending: httpx.RequestError | None
) -> None:
    asked: list[httpx.Request] = []

    def pieces() -> Iterator[bytes]:
        yield ROLE
        if ending is not None:
            raise ending

    def bedrock(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=pieces(), headers={"content-type": "text/event-stream"})

    gateway = asking(bedrock)
    out, _ = failure_of(gateway.respond().body)
    assert (out, len(asked)) == (ROLE, 1)
    assert json.loads(log.getvalue())["upstream_attempts"] == 1


def test_a_stream_that_falls_silent_ends(log: StringIO) -> None:
    """A stream that is silent for too long between two events ends in an error event."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 100000\r\n\r\n"
    with Stalling(head + ROLE) as base_url:
        timeouts = TIMEOUTS._replace(between_bytes_s=0.05)
        completions = Completions(
            bedrock=client_for(None, base_url=base_url, timeouts=timeouts),
            credentials=BearerCredentials(base_url, api_key(FakeSecrets(KEY))),
            guardrail=None,
        )
        out, failure = failure_of(ChatCalls.of(completions, log).respond().body)
    assert out == ROLE
    assert error_in(failure.last_chunk[6:])["code"] == "gateway_timeout"


def test_a_fault_of_ours_in_a_stream_is_an_error_event_too(asking: Asking, log: StringIO) -> None:
    def pieces() -> Iterator[bytes]:
        yield ROLE
        raise LookupError(PROMPT)

    gateway = asking(
        lambda _: httpx.Response(200, content=pieces(), headers={"content-type": "text/event-stream"})
    )
    out, failure = failure_of(gateway.respond().body)
    assert out == ROLE
    assert error_in(failure.last_chunk[6:])["code"] == "internal_error"
    assert json.loads(log.getvalue())["fault_class"] == "LookupError"
    assert PROMPT not in log.getvalue()


def test_a_caller_who_leaves_closes_bedrocks_connection_and_is_logged(asking: Asking, log: StringIO) -> None:
    closed: list[bool] = []

    class Pieces(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield ROLE
            yield words("hello")

        def close(self) -> None:
            closed.append(True)

    gateway = asking(
        lambda _: httpx.Response(200, stream=Pieces(), headers={"content-type": "text/event-stream"})
    )
    response = gateway.respond()
    next(response.body)
    response.close()
    assert closed
    assert json.loads(log.getvalue())["abandoned"] is True


def test_without_our_loop_the_same_handler_answers_all_events_in_one_piece(
    asking: Asking,
) -> None:
    gateway = asking(streaming(ROLE, words("hello"), DONE))
    answer = gateway.whole(event(STREAMING))
    assert answer["statusCode"] == 200
    assert answer["body"].encode() == ROLE + words("hello") + DONE
    assert answer["isBase64Encoded"] is False


def test_an_answer_that_does_not_stream_is_one_piece_in_our_loop(asking: Asking) -> None:
    gateway = asking(ok)
    response = gateway.respond({**VALID})
    assert (response.status_code, len(list(response.body))) == (200, 1)


def test_the_deadline_leaves_lambda_time_to_end_the_stream(log: StringIO) -> None:
    asked: list[float] = []

    class Recorder(Completions):
        def stream(self, request: object, attempts: Attempts) -> NoReturn:
            asked.append(attempts.deadline)
            raise LookupError

    ok_for = completions_for(ok)
    recorder = Recorder(bedrock=ok_for.bedrock, credentials=ok_for.credentials, guardrail=None)
    began = time.monotonic()
    ChatCalls.of(recorder, log).respond(remaining_ms=10_000)
    assert began + 9 <= asked[0] <= time.monotonic() + 9


def test_a_model_that_refuses_usage_still_streams(asking: Asking) -> None:
    """If a model refuses our usage option, Bedrock is asked once more without it, and from then on."""
    asked: list[dict[str, Any]] = []
    streams = streaming(ROLE, DONE)

    def bedrock(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content))
        if "stream_options" in asked[-1]:
            error = {"message": "Unsupported parameter: 'stream_options'.", "param": "stream_options"}
            return httpx.Response(400, json={"error": error})
        return streams(request)

    gateway = asking(bedrock)
    body = {**STREAMING, "model": "openai.refuses-usage"}
    assert b"".join(gateway.respond(body).body) == ROLE + DONE
    assert ["stream_options" in sent for sent in asked] == [True, False]
    streams = streaming(ROLE, DONE)
    assert b"".join(gateway.respond(body).body) == ROLE + DONE
    assert ["stream_options" in sent for sent in asked] == [True, False, False]
