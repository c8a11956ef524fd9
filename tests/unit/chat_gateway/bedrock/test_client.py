"""One call of Bedrock: what it sends, and the result of each answer and failure."""

from __future__ import annotations

import contextlib
import itertools
import json
import time
from collections.abc import Iterator

import httpx
import pytest

from chat_gateway.bedrock.client import (
    BedrockClient,
    Completion,
    RefusedCredentialsError,
    UpstreamAnswer,
)
from chat_gateway.completions.presentation import presented
from chat_gateway.core.errors import (
    GatewayError,
    UpstreamConnectionError,
    UpstreamError,
    UpstreamProtocolError,
    UpstreamTimeoutError,
)
from tests.unit.chat_gateway.bedrock_calls import (
    COMPLETION,
    KEY,
    TIMEOUTS,
    bearer,
    client_for,
    read_all,
)
from tests.unit.chat_gateway.stalling_server import Stalling

IDS = {"x-amzn-requestid": "bedrock-id"}


def ask(client: BedrockClient, *, deadline: float = float("inf")) -> Completion:
    return client.complete(b'{"a":1}', auth=bearer(), headers={"x-extra": "1"}, deadline=deadline)


def error_of(response: httpx.Response) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        ask(client_for(lambda _: response))
    return caught.value


def test_the_request_goes_up_with_the_key_and_nothing_of_the_callers() -> None:
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=COMPLETION)

    ask(client_for(handler))
    request = seen[0]
    assert (request.method, str(request.url)) == ("POST", "https://bedrock.test/openai/v1/chat/completions")
    assert request.content == b'{"a":1}'
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-extra"] == "1"


def test_no_header_of_one_request_is_on_the_next() -> None:
    """What is set on one request stays there, although requests have headers in common."""
    seen: list[dict[str, str]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(dict(request.headers))
        request.headers["x-of-one-request"] = "1"
        return httpx.Response(200, json=COMPLETION)

    client = client_for(handler)
    for _ in range(2):
        ask(client)
    assert seen[0] == seen[1]


def test_the_answer_is_returned_as_it_came_with_bedrocks_id() -> None:
    text = json.dumps(COMPLETION, indent=3)
    completion = ask(client_for(lambda _: httpx.Response(200, text=text, headers=IDS)))
    assert completion == Completion(text, COMPLETION, "bedrock-id")


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_told_apart_without_repeating_the_key(status: int) -> None:
    response = httpx.Response(
        status,
        json={"Message": f"The key {KEY} has expired"},
        headers={"x-amzn-errortype": "AccessDeniedException:http://internal.amazon.com/", **IDS},
    )
    with pytest.raises(RefusedCredentialsError) as caught:
        ask(client_for(lambda _: response))
    assert caught.value.detail == "AccessDeniedException: the key has expired"
    assert caught.value.bedrock_request_id == "bedrock-id"


@pytest.mark.parametrize("status", [400, 404, 408, 424, 429, 500, 503, 529])
def test_bedrocks_errors_keep_their_status_message_and_id(status: int) -> None:
    error = error_of(httpx.Response(status, json={"error": {"message": "no"}}, headers=IDS))
    assert isinstance(error, UpstreamError)
    assert (error.status, error.message, error.bedrock_request_id) == (status, "no", "bedrock-id")


def test_429_carries_the_wait_bedrock_asked_for() -> None:
    error = error_of(httpx.Response(429, json={"message": "slow down"}, headers={"retry-after": "2"}))
    assert error.headers()["retry-after"] == "2"


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(
            200, json={"Output": {"__type": "UnknownOperationException"}, "Version": "1.0"}, headers=IDS
        ),
        httpx.Response(200, text="<html>", headers=IDS),
        httpx.Response(200, content=b'{"choices": ["\xff"]}', headers=IDS),
        httpx.Response(200, json=[], headers=IDS),
        httpx.Response(200, json={"choices": None}, headers=IDS),
        httpx.Response(200, text="[" * 100_000, headers=IDS),
        httpx.Response(204, headers=IDS),
        httpx.Response(302, headers={"location": "https://elsewhere.test/", **IDS}),
    ],
)
def test_an_answer_that_is_no_completion_is_a_protocol_error(response: httpx.Response) -> None:
    error = error_of(response)
    assert isinstance(error, UpstreamProtocolError)
    assert (error.status, error.bedrock_request_id) == (502, "bedrock-id")


@pytest.mark.parametrize(
    ("failure", "becomes"),
    [
        (httpx.ConnectTimeout, UpstreamTimeoutError),
        (httpx.ReadTimeout, UpstreamTimeoutError),
        (httpx.WriteTimeout, UpstreamTimeoutError),
        (httpx.PoolTimeout, UpstreamTimeoutError),
        (httpx.ConnectError, UpstreamConnectionError),
        (httpx.ReadError, UpstreamConnectionError),
        (httpx.WriteError, UpstreamConnectionError),
        (httpx.RemoteProtocolError, UpstreamConnectionError),
        (httpx.ProxyError, UpstreamConnectionError),
        (httpx.DecodingError, UpstreamConnectionError),
    ],
)
def test_every_failure_of_httpx_is_mapped(
    failure: type[httpx.RequestError], becomes: type[GatewayError]
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise failure("10.0.0.7 refused", request=request)

    with pytest.raises(becomes) as caught:
        ask(client_for(handler))
    assert "10.0.0.7" not in caught.value.message


def test_a_request_that_cannot_be_sent_is_our_fault() -> None:
    """A header with a line break is our own error, not a failed connection that would be retried."""
    client = client_for(None, base_url="http://127.0.0.1:1")
    with pytest.raises(httpx.LocalProtocolError):
        client.complete(
            b"{}", auth=bearer("http://127.0.0.1:1"), headers={"x-id": "a\nb"}, deadline=float("inf")
        )


def test_nothing_is_asked_once_the_deadline_has_passed() -> None:
    client = client_for(lambda _: pytest.fail("asked"), clock=lambda: 11.0)
    with pytest.raises(UpstreamTimeoutError):
        ask(client, deadline=10)


def test_no_cookie_of_one_answer_goes_up_with_the_next_request() -> None:
    seen: list[httpx.Headers] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(200, json=COMPLETION, headers={"set-cookie": "a=1"})

    client = client_for(handler)
    ask(client)
    ask(client)
    assert all("cookie" not in headers for headers in seen)


def test_a_stream_is_handed_over_as_its_bytes_arrive() -> None:
    pieces = [b"data: 1\n", b"\ndata: [DONE]\n\n"]
    seen: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=iter(pieces), headers={"content-type": "text/event-stream", **IDS})

    with contextlib.closing(stream(client_for(handler))) as answer:
        assert list(answer.chunks) == pieces
        assert answer.bedrock_request_id == "bedrock-id"
    assert seen[0].headers["accept"] == "text/event-stream"
    assert seen[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (httpx.Response(429, json={"message": "slow"}, headers=IDS), UpstreamError),
        (httpx.Response(403, json={"message": "no"}, headers=IDS), RefusedCredentialsError),
        (httpx.Response(200, json={"Output": {}}, headers=IDS), UpstreamProtocolError),
    ],
)
def test_what_is_no_stream_is_an_error_before_anything_is_streamed(
    response: httpx.Response, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        stream(client_for(lambda _: response))
    assert caught.value.bedrock_request_id == "bedrock-id"  # type: ignore[attr-defined]


def stream(client: BedrockClient) -> UpstreamAnswer:
    return client.stream(b'{"a":1}', auth=bearer(), headers={}, deadline=float("inf"))


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"


@pytest.mark.parametrize(
    "sends",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        HEAD + b"content-length: 100\r\n\r\n",
        HEAD + b"content-length: 100\r\n\r\n{",
        HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\ndata:\r\n",
        HEAD + b"\r\ndata: ",
    ],
)
@pytest.mark.parametrize("method", ["complete", "stream"])
def test_wherever_an_answer_stalls_the_deadline_ends_it(sends: bytes, method: str) -> None:
    with Stalling(sends) as base_url:
        client = client_for(None, base_url=base_url)
        with pytest.raises(UpstreamTimeoutError):
            read_all(client, base_url, method, deadline=time.monotonic() + 0.2)


@pytest.mark.parametrize("method", ["complete", "stream"])
def test_stalled_answer_ends_before_the_deadline(
    method: str,
) -> None:
    """An answer that begins and then stalls for too long is given up before the deadline."""
    with Stalling(HEAD + b"content-length: 100\r\n\r\n{") as base_url:
        timeouts = TIMEOUTS._replace(between_bytes_s=0.05)
        client = client_for(None, base_url=base_url, timeouts=timeouts)
        with pytest.raises(UpstreamTimeoutError) as caught:
            read_all(client, base_url, method, deadline=float("inf"))
    assert caught.value.was_sent


def test_connect_and_first_byte_timeouts() -> None:
    """Connecting and waiting for the first byte have timeouts of their own, within the deadline."""
    seen: list[dict[str, float]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, json=COMPLETION)

    client = client_for(handler, clock=lambda: 0.0)
    for deadline in (1000.0, 100.0, 2.0):
        ask(client, deadline=deadline)
    assert [(times["connect"], times["first_byte"], times["read"]) for times in seen] == [
        (5, 300, 300),
        (5, 100, 300),
        (2, 2, 300),
    ]


def test_a_shorter_time_to_the_first_byte() -> None:
    """A client that is hurried waits less to connect and for the first byte, but as long between bytes."""
    seen: list[dict[str, float]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return httpx.Response(200, json=COMPLETION)

    client = client_for(handler, clock=lambda: 0.0)
    hurried = client.answering_within(3)
    for asked in (hurried, client.answering_within(10), hurried.unhurried):
        ask(asked, deadline=1000)
    assert [tuple(times.values()) for times in seen] == [(3, 3, 300), (5, 10, 300), (5, 300, 300)]
    assert client.unhurried is client


def test_nothing_that_came_too_late_is_handed_over() -> None:
    moments = iter([0.0, 1.0, 11.0, 11.0, 11.0])
    headers = {"content-type": "text/event-stream"}
    client = client_for(
        lambda _: httpx.Response(200, content=iter([b"1", b"2"]), headers=headers),
        clock=lambda: next(moments),
    )
    answer = client.stream(b"{}", auth=bearer(), headers={}, deadline=10)
    with contextlib.closing(answer):
        pieces = iter(answer.chunks)
        assert next(pieces) == b"1"
        with pytest.raises(UpstreamTimeoutError):
            next(pieces)


@pytest.mark.parametrize("status", [201, 206, 304, 399, 600, 999])
def test_a_status_that_is_no_answer_is_502(status: int) -> None:
    """Only the statuses 200 and 400 to 599 reach a caller; others are a 502."""
    error = error_of(httpx.Response(status, json={"error": {"message": "no"}}, headers=IDS))
    assert (type(error), error.status) == (UpstreamProtocolError, 502)


def test_an_error_that_is_cut_off_keeps_its_status() -> None:
    """A throttled request is a 429 even if the rest of the error's body is missing."""

    def cut_off() -> Iterator[bytes]:
        yield b'{"message": "slow'
        raise httpx.ReadError("")

    assert error_of(httpx.Response(429, content=cut_off(), headers=IDS)).status == 429


def test_of_an_endless_error_64_kib_are_read() -> None:
    """Only 64 KiB of an error's body are read, and its status counts."""
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 16_384
            yield b"x" * 16_384

    assert error_of(httpx.Response(503, content=endless(), headers=IDS)).status == 503
    assert read <= 5 * 16_384


def test_an_endless_answer_is_not_gathered() -> None:
    """A buffered answer is read up to its limit; over it, the error is a 502 with its own code."""
    endless = (b" " * 16_384 for _ in itertools.count())
    error = error_of(httpx.Response(200, content=endless, headers=IDS))
    assert (error.status, error.code, error.bedrock_request_id) == (502, "response_too_large", "bedrock-id")


@pytest.mark.parametrize(
    "text",
    [
        '{"choices": [1]}',
        '{"choices": [{"a": 1e999}]}',
        '{"choices": [{"a": NaN}]}',
        '{"choices": [{}], "a": ' + "9" * 5000 + "}",
    ],
    ids=["numbers", "infinite", "nan", "digits"],
)
def test_what_json_cannot_say_again_is_a_protocol_error(text: str) -> None:
    """A completion that two JSON readers could read differently is a protocol error."""
    assert isinstance(error_of(httpx.Response(200, text=text, headers=IDS)), UpstreamProtocolError)


def test_a_small_answer_that_unfolds_is_a_protocol_error() -> None:
    """A 4 MB answer of empty lists, which would take hundreds of MB in memory, is refused."""
    text = '{"choices": [{}], "a": [' + "[]," * 1_300_000 + "[]]}"
    assert isinstance(error_of(httpx.Response(200, text=text, headers=IDS)), UpstreamProtocolError)


def test_a_broken_answer_has_bedrocks_id() -> None:
    """If an answer is cut off after its head, the error has Bedrock's request ID."""

    def cut_off(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"x-amzn-requestid": "bedrock-1"}, stream=Cut())

    class Cut(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b"{"
            raise httpx.ReadError("reset")

    with pytest.raises(UpstreamConnectionError) as caught:
        client_for(cut_off).complete(b"{}", auth=bearer(), headers={}, deadline=float("inf"))
    assert caught.value.bedrock_request_id == "bedrock-1"


@pytest.mark.parametrize(("reason", "action"), [("guardrail_intervened", "INTERVENED"), ("refusal", None)])
def test_a_whole_block_by_any_name_is_recorded(reason: str, action: str | None) -> None:
    """Every name of a block is recorded as a block; a model's own refusal is not."""
    document = {
        "choices": [{"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": "no"}}]
    }
    completion = Completion(json.dumps(document), document, None)
    shown = presented(completion, keep_trace=False, separates_reasoning=False)
    assert shown.guardrail_outcome.action == action
