"""The chat function as the streaming loop calls it: statuses, events, errors, and the log line at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import httpx
import pytest

from chat_gateway.bedrock.bearer_auth import BearerCredentials
from chat_gateway.completions.completions import Completions
from chat_gateway.completions.retry import Attempts
from chat_gateway.guardrail.rule import GuardedRequest
from chat_gateway.http_api import handler as api
from response_streaming import StreamError, StreamingResponse
from tests.unit.chat_gateway.api_calls import COMPLETION, PROMPT, event, ok
from tests.unit.chat_gateway.bedrock_calls import TIMEOUTS, client_for
from tests.unit.chat_gateway.bedrock_key_fakes import FakeSecrets, api_key
from tests.unit.chat_gateway.chat_requests import VALID
from tests.unit.chat_gateway.conftest import KEY, Bedrock, FakeContext
from tests.unit.chat_gateway.stalling_server import Stalling
from tests.unit.chat_gateway.stream_chunks import DONE, ROLE, USAGE, USAGE_CHUNK, chunk, words

STREAMING = {**VALID, "stream": True, "messages": [{"role": "user", "content": PROMPT}]}


def streaming(*pieces: bytes) -> Bedrock:
    headers = {"content-type": "text/event-stream", "x-amzn-requestid": "bedrock-id"}
    return lambda _: httpx.Response(200, content=iter(pieces), headers=headers)


def respond(body: dict[str, Any] = STREAMING) -> StreamingResponse:
    """What the handler returns to our loop."""
    response: StreamingResponse = api.handle.__wrapped__(event(body), FakeContext())  # type: ignore[attr-defined]
    return response


def failure_of(body: Iterator[bytes]) -> tuple[bytes, StreamError]:
    """What came before the body failed, and its failure."""
    out: list[bytes] = []
    with pytest.raises(StreamError) as caught:
        out.extend(body)
    return b"".join(out), caught.value


def error_in(text: bytes) -> dict[str, Any]:
    error: dict[str, Any] = json.loads(text)["error"]
    return error


def test_an_answer_in_one_piece_is_logged_once_after_it_has_gone_out(
    use_bedrock: Callable[..., None], log: StringIO
) -> None:
    use_bedrock(ok)
    response = respond(VALID)
    assert response.is_whole
    assert json.loads(b"".join(response.body)) == COMPLETION
    assert log.getvalue() == ""
    response.close()
    response.close()
    assert json.loads(log.getvalue())["status"] == 200


def test_an_answer_in_one_piece_that_nobody_takes_is_logged_too(
    use_bedrock: Callable[..., None], log: StringIO
) -> None:
    use_bedrock(ok)
    respond(VALID).close()
    assert json.loads(log.getvalue())["total_tokens"] == 8


def test_an_answer_too_large_to_go_out_at_once_is_logged_before_anybody_can_hold_it_up(
    use_bedrock: Callable[..., None], log: StringIO
) -> None:
    use_bedrock(lambda _: httpx.Response(200, json={**COMPLETION, "padding": "x" * 100_000}))
    response = respond(VALID)
    assert json.loads(log.getvalue())["status"] == 200
    assert len(b"".join(response.body)) > 100_000
    response.close()
    assert log.getvalue().count("\n") == 1


def test_events_are_relayed_with_every_id_in_the_head(use_bedrock: Callable[..., None]) -> None:
    use_bedrock(streaming(ROLE, words("hello"), USAGE_CHUNK, DONE))
    response = respond()
    assert response.status_code == 200
    assert response.headers == {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-cache",
        "x-request-id": "our-id",
        "x-bedrock-request-id": "bedrock-id",
    }
    assert list(response.body) == [ROLE, words("hello"), DONE]


def test_the_head_waits_for_the_first_event_and_silence_is_bridged_with_comments(
    use_bedrock: Callable[..., None],
) -> None:
    use_bedrock(streaming(DONE))
    response = respond()
    assert (response.hold_s, response.heartbeat_s) == (15, 15)
    assert response.heartbeat.startswith(b":")
    assert response.heartbeat.endswith(b"\n\n")
    list(response.body)


def test_usage_is_asked_for_and_counted_and_the_log_line_is_written_at_the_end(
    use_bedrock: Callable[..., None], log: StringIO
) -> None:
    sent: list[dict[str, Any]] = []

    def bedrock(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return streaming(ROLE, words("a whisper"), USAGE_CHUNK, DONE)(request)

    use_bedrock(bedrock)
    response = respond()
    assert log.getvalue() == ""
    list(response.body)
    assert sent[0]["stream_options"] == {"include_usage": True}
    line = json.loads(log.getvalue())
    expected = {"stream": True, "status": 200, "events": 3, "bedrock_request_id": "bedrock-id", **USAGE}
    assert expected.items() <= line.items()
    assert line["time_to_first_token_ms"] >= 0
    for secret in (PROMPT, "whisper", KEY):
        assert secret not in log.getvalue()


def test_a_setting_leaves_usage_alone(
    use_bedrock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNT_STREAM_TOKENS", "false")
    api._settings.cache_clear()
    sent: list[dict[str, Any]] = []

    def bedrock(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return streaming(DONE)(request)

    use_bedrock(bedrock)
    list(respond().body)
    assert sent == [STREAMING]


@pytest.mark.parametrize(
    ("bedrock", "status"),
    [
        (lambda _: httpx.Response(429, json={"message": "slow"}, headers={"retry-after": "7"}), 429),
        (lambda _: httpx.Response(503, json={"message": "busy"}), 503),
        (lambda _: httpx.Response(200, json={"Output": {}}), 502),
    ],
)
def test_an_error_in_place_of_a_stream_is_a_status(
    use_bedrock: Callable[..., None], bedrock: Bedrock, status: int
) -> None:
    use_bedrock(bedrock)
    response = respond()
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
def test_an_error_in_place_of_the_first_event_is_a_status_as_long_as_the_head_waits(
    use_bedrock: Callable[..., None], log: StringIO, pieces: list[bytes], status: int
) -> None:
    use_bedrock(streaming(*pieces))
    out, failure = failure_of(respond().body)
    assert out == b""
    assert failure.response.status_code == status
    assert failure.response.headers["x-bedrock-request-id"] == "bedrock-id"
    assert error_in(b"".join(failure.response.body))["message"]
    assert json.loads(log.getvalue())["status"] == status


def test_the_log_has_the_status_that_the_caller_saw(use_bedrock: Callable[..., None], log: StringIO) -> None:
    failure = chunk(error={"message": "slow", "type": "rate_limit_error"})
    use_bedrock(streaming(b": ping\n\n", failure))  # the comment has already gone out
    failure_of(respond().body)
    use_bedrock(streaming(USAGE_CHUNK, failure))  # which is kept back
    failure_of(respond().body)
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
    use_bedrock: Callable[..., None], log: StringIO, last: bytes, code: str
) -> None:
    use_bedrock(streaming(ROLE, words("hello"), last))
    out, failure = failure_of(respond().body)
    assert out == ROLE + words("hello")
    assert failure.last_chunk.startswith(b"data: ")
    assert failure.last_chunk.endswith(b"\n\n")
    assert error_in(failure.last_chunk[6:])["code"] == code
    assert failure.error_type == code
    line = json.loads(log.getvalue())
    assert (line["status"], line["error_code"], line["level"]) == (200, code, "ERROR")


@pytest.mark.parametrize("ending", [httpx.ReadTimeout(""), httpx.ReadError(""), None])
def test_once_an_event_has_gone_out_bedrock_is_not_asked_again(
    use_bedrock: Callable[..., None], log: StringIO, ending: httpx.RequestError | None
) -> None:
    asked: list[httpx.Request] = []

    def pieces() -> Iterator[bytes]:
        yield ROLE
        if ending is not None:
            raise ending

    def bedrock(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=pieces(), headers={"content-type": "text/event-stream"})

    use_bedrock(bedrock)
    out, _ = failure_of(respond().body)
    assert (out, len(asked)) == (ROLE, 1)
    assert json.loads(log.getvalue())["upstream_attempts"] == 1


def test_a_stream_that_is_silent_between_two_events_for_too_long_ends_in_an_error_event(
    use_bedrock: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_bedrock(ok)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 100000\r\n\r\n"
    with Stalling(head + ROLE) as base_url:
        timeouts = TIMEOUTS._replace(between_bytes_s=0.05)
        completions = Completions(
            bedrock=client_for(None, base_url=base_url, timeouts=timeouts),
            credentials=BearerCredentials(base_url, api_key(FakeSecrets(KEY))),
            guardrail=None,
        )
        monkeypatch.setattr(api, "_completions", lambda: completions)
        out, failure = failure_of(respond().body)
    assert out == ROLE
    assert error_in(failure.last_chunk[6:])["code"] == "gateway_timeout"


def test_a_fault_of_ours_in_a_stream_is_an_error_event_too(
    use_bedrock: Callable[..., None], log: StringIO
) -> None:
    def pieces() -> Iterator[bytes]:
        yield ROLE
        raise LookupError(PROMPT)

    use_bedrock(
        lambda _: httpx.Response(200, content=pieces(), headers={"content-type": "text/event-stream"})
    )
    out, failure = failure_of(respond().body)
    assert out == ROLE
    assert error_in(failure.last_chunk[6:])["code"] == "internal_error"
    assert json.loads(log.getvalue())["fault_class"] == "LookupError"
    assert PROMPT not in log.getvalue()


def test_a_caller_who_leaves_closes_bedrocks_connection_and_is_logged(
    use_bedrock: Callable[..., None], log: StringIO
) -> None:
    closed: list[bool] = []

    class Pieces(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield ROLE
            yield words("hello")

        def close(self) -> None:
            closed.append(True)

    use_bedrock(lambda _: httpx.Response(200, stream=Pieces(), headers={"content-type": "text/event-stream"}))
    response = respond()
    next(response.body)
    response.close()
    assert closed
    assert json.loads(log.getvalue())["abandoned"] is True


def test_without_our_loop_the_same_handler_answers_all_events_in_one_piece(
    use_bedrock: Callable[..., None],
) -> None:
    use_bedrock(streaming(ROLE, words("hello"), DONE))
    answer = api.handle(event(STREAMING), FakeContext())
    assert answer["statusCode"] == 200
    assert answer["body"].encode() == ROLE + words("hello") + DONE
    assert answer["isBase64Encoded"] is False


def test_an_answer_that_does_not_stream_is_one_piece_in_our_loop(use_bedrock: Callable[..., None]) -> None:
    use_bedrock(ok)
    response = respond({**VALID})
    assert (response.status_code, len(list(response.body))) == (200, 1)


def test_the_deadline_leaves_lambda_time_to_end_the_stream(
    function_env: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    class Recorder:
        def guarded(self, _: object, *, caller_headers: object) -> GuardedRequest:
            return GuardedRequest(b"", {})

        def stream(self, request: object, attempts: Attempts) -> None:
            asked.append(attempts.deadline)
            raise LookupError

    monkeypatch.setattr(api, "_completions", Recorder)
    began = time.monotonic()
    api.handle.__wrapped__(event(STREAMING), FakeContext(remaining_ms=10_000))  # type: ignore[attr-defined]
    assert began + 9 <= asked[0] <= time.monotonic() + 9


def test_a_model_that_refuses_usage_still_streams(use_bedrock: Callable[..., None]) -> None:
    """A 400 that names what we added is not the caller's: Bedrock is asked once more without, and from then on."""
    asked: list[dict[str, Any]] = []
    streams = streaming(ROLE, DONE)

    def bedrock(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content))
        if "stream_options" in asked[-1]:
            error = {"message": "Unsupported parameter: 'stream_options'.", "param": "stream_options"}
            return httpx.Response(400, json={"error": error})
        return streams(request)

    use_bedrock(bedrock)
    body = {**STREAMING, "model": "openai.refuses-usage"}
    assert b"".join(respond(body).body) == ROLE + DONE
    assert ["stream_options" in sent for sent in asked] == [True, False]
    streams = streaming(ROLE, DONE)
    assert b"".join(respond(body).body) == ROLE + DONE
    assert ["stream_options" in sent for sent in asked] == [True, False, False]
