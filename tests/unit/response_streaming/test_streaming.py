"""Streamed responses, byte by byte, as the Runtime API reads them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from response_streaming import ALARM
from response_streaming.loop import serve_one
from response_streaming.runtime_api import RuntimeApi
from response_streaming.writer import ResponseWriter
from tests.runtime_api import RuntimeApiServer
from tests.unit.response_streaming.bodies import Body, raising, response, returning, stream_error
from tests.unit.response_streaming.conftest import Serve
from tests.unit.response_streaming.connections import answering


def test_a_streamed_response_is_on_the_wire_as_lambda_documents_it(
    api: RuntimeApiServer, serve: Serve
) -> None:
    invocation = api.invoke()
    serve(returning(response(iter([b"one", b"twotwo"]), 201)))
    request = invocation.answer()
    agent = request.header("user-agent")
    prelude = b'{"statusCode": 201, "headers": {"content-type": "text/plain"}}' + bytes(8)
    assert bytes(request.raw) == (
        b"POST /2018-06-01/runtime/invocation/request-1/response HTTP/1.1\r\n"
        b"Host: %b\r\nUser-Agent: %b\r\n"
        b"Lambda-Runtime-Function-Response-Mode: streaming\r\n"
        b"Transfer-Encoding: chunked\r\n"
        b"Content-Type: application/vnd.awslambda.http-integration-response\r\n"
        b"Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n"
        b"46\r\n%b\r\n3\r\none\r\n6\r\ntwotwo\r\n0\r\n\r\n"
    ) % (api.address.encode(), str(agent).encode(), prelude)


def test_every_item_arrives_before_the_next_one_is_made(api: RuntimeApiServer, serve: Serve) -> None:
    invocation = api.invoke()
    seen: list[bytes | None] = []

    def body() -> Iterator[bytes]:
        for number in range(20):
            yield b"%d" % number
            if number == 0:
                seen.append(invocation.next_chunk())  # the prelude
            seen.append(invocation.next_chunk())

    serve(returning(response(body(), hold_s=5)))
    assert seen[1:] == [b"%d" % number for number in range(20)]


def test_cookies_and_repeated_headers(api: RuntimeApiServer, serve: Serve) -> None:
    """Cookies and repeated headers are in the prelude only if the response has any."""
    invocation = api.invoke()
    serve(returning(response(iter(()), multi_value_headers={"a": ("1", "2")}, cookies=["c=d"])))
    prelude, _, rest = invocation.answer().body.partition(bytes(8))
    assert json.loads(prelude) == {
        "statusCode": 200,
        "headers": {"content-type": "text/plain"},
        "multiValueHeaders": {"a": ["1", "2"]},
        "cookies": ["c=d"],
    }
    assert rest == b""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(st.binary(max_size=50)), hold=st.booleans())
def test_any_split_of_a_body_arrives_as_the_same_bytes(
    api: RuntimeApiServer, client: RuntimeApi, items: list[bytes], hold: bool
) -> None:
    invocation = api.invoke()
    serve_one(client, returning(response(iter(items), hold_s=float(hold))))
    request = invocation.answer()
    assert [chunk.data for chunk in request.chunks[1:]] == [item for item in items if item]
    assert request.complete


@pytest.mark.parametrize("items", [[], [b""], [b"one"], [b"one", b"two"], [b"x" * 1_000_000]])
def test_a_whole_body_is_one_chunk_and_goes_out_in_one_write(
    api: RuntimeApiServer, serve: Serve, monkeypatch: pytest.MonkeyPatch, items: list[bytes]
) -> None:
    invocation = api.invoke()
    body, written, send = Body(iter(items)), [], ResponseWriter.send

    def noted(writer: ResponseWriter, data: bytes) -> None:
        written.append(data)
        send(writer, data)

    monkeypatch.setattr(ResponseWriter, "send", noted)
    serve(returning(response(body, is_whole=True)))
    chunks = [chunk.data for chunk in invocation.answer().chunks]
    assert chunks[1:] == ([b"".join(items)] if b"".join(items) else [])
    assert (len(written), body.closed) == (1, 1)


def test_a_stream_error_of_a_whole_body_sends_its_response_with_its_status(
    api: RuntimeApiServer, serve: Serve
) -> None:
    invocation = api.invoke()
    replaced = response(raising(stream_error(iter([b"no"])), b"one"), is_whole=True, hold_s=0)
    serve(returning(replaced))
    assert invocation.answer().chunks[0].data.startswith(b'{"statusCode": 429')
    assert invocation.answer().chunks[1].data == b"no"


def test_an_empty_item_sends_the_head_and_no_chunk(api: RuntimeApiServer, serve: Serve) -> None:
    invocation = api.invoke()
    seen: list[bytes | None] = []

    def body() -> Iterator[bytes]:
        yield b""
        seen.append(invocation.next_chunk())
        yield b"x"

    serve(returning(response(body(), hold_s=float("inf"))))
    assert seen[0] is not None
    assert seen[0].endswith(bytes(8))
    assert [chunk.data for chunk in invocation.answer().chunks[1:]] == [b"x"]


def test_a_megabyte_in_one_item_is_one_chunk(api: RuntimeApiServer, serve: Serve) -> None:
    invocation = api.invoke()
    serve(returning(response(iter([b"x" * 1_000_000]))))
    assert [len(chunk.data) for chunk in invocation.answer().chunks[1:]] == [1_000_000]


def test_response_uses_the_connection_of_its_event(api: RuntimeApiServer, serve: Serve) -> None:
    """A streamed response uses the connection of its event, and the next event comes over it, too."""
    invocations = [api.invoke() for _ in range(3)]
    for _ in invocations:
        serve(returning(response(iter([b"x"]))))
    assert [invocation.answer().connection for invocation in invocations] == [1, 1, 1]
    assert {request.connection for request in api.requests} == {1}


@pytest.mark.parametrize(("header", "is_kept"), [(b"", True), (b"Connection: close\r\n", False)])
def test_the_runtime_api_may_close(header: bytes, is_kept: bool) -> None:
    """A streamed response's connection is kept, unless the Runtime API's answer says that it closes it."""
    event = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    accepted = b"HTTP/1.1 202 Accepted\r\n%bContent-Length: 0\r\n\r\n" % header
    with answering(event, accepted) as address, closing(RuntimeApi(address)) as client:
        serve_one(client, returning(response(iter([b"x"]), is_whole=True)))
        assert (client._connection is not None) is is_kept


def test_the_head_is_sent_when_the_hold_ends_while_the_body_is_silent(
    api: RuntimeApiServer, serve: Serve
) -> None:
    invocation = api.invoke()
    seen: list[bytes | None] = []

    def body() -> Iterator[bytes]:
        seen.extend([invocation.next_chunk(), invocation.next_chunk()])
        yield from raising(stream_error())

    serve(returning(response(body(), hold_s=0.02, heartbeat=b": ping\n\n", heartbeat_s=60)))
    assert seen[0] is not None
    assert seen[0].startswith(b'{"statusCode": 200')
    assert seen[1] == b": ping\n\n"
    request = invocation.answer()
    assert [chunk.data for chunk in request.chunks[2:]] == [b"sorry"]
    assert request.header("Lambda-Runtime-Function-Error-Type") == "Function.Cut"


def test_without_a_hold_the_head_is_sent_before_the_body_is_asked(
    api: RuntimeApiServer, serve: Serve
) -> None:
    invocation = api.invoke()
    seen: list[bytes | None] = []

    def body() -> Iterator[bytes]:
        seen.append(invocation.next_chunk())
        yield b"x"

    serve(returning(response(body())))
    assert seen[0] is not None
    assert seen[0].endswith(bytes(8))


def test_silence_is_broken_as_often_as_needed_and_only_between_items(
    api: RuntimeApiServer, serve: Serve
) -> None:
    invocation = api.invoke()

    def body() -> Iterator[bytes]:
        yield b"one"
        while len(beats) < 3:
            chunk = invocation.next_chunk()
            beats.extend([chunk] if chunk == b"beat" else [])
        yield b"two"

    beats: list[bytes | None] = []
    serve(returning(response(body(), hold_s=5, heartbeat=b"beat", heartbeat_s=0.02)))
    chunks = [chunk.data for chunk in invocation.answer().chunks[1:]]
    assert chunks[0] == b"one"
    assert chunks[-1] == b"two"
    assert set(chunks[1:-1]) == {b"beat"}


def test_a_busy_stream_has_no_heartbeat(api: RuntimeApiServer, serve: Serve) -> None:
    invocation = api.invoke()
    serve(returning(response(iter([b"x"] * 2000), heartbeat=b"beat", heartbeat_s=5)))
    assert {chunk.data for chunk in invocation.answer().chunks[1:]} == {b"x"}


def test_a_reader_that_stops_reading_holds_up_the_body_but_not_the_alarm(
    api: RuntimeApiServer, serve: Serve
) -> None:
    invocation, made = api.invoke(pause_after=2), []

    def body() -> Iterator[bytes]:
        for _ in range(400):
            made.append(1)
            yield b"x" * 100_000

    def resume() -> None:
        made_before_reading.append(len(made))
        invocation.resume()

    made_before_reading: list[int] = []
    ALARM.at(time.monotonic() + 0.1, resume)  # on the thread that also writes the heartbeats
    serve(returning(response(body(), heartbeat=b"beat", heartbeat_s=0.001)))
    items = [chunk.data for chunk in invocation.answer().chunks[1:] if chunk.data != b"beat"]
    assert items == [b"x" * 100_000] * 400
    assert made_before_reading[0] < 400


def test_an_abandoned_stream_closes_the_body_and_the_next_event_is_served(
    api: RuntimeApiServer, serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    abandoned, following = api.invoke(abandon_after=3), api.invoke("next")
    endless = Body(iter(lambda: b"x" * 1000, b""))
    serve(returning(response(endless)))
    serve(lambda event, context: event)
    assert not abandoned.answer().complete
    assert endless.closed == 1
    assert following.answer().content == b'"next"'
    logged = capfd.readouterr().err
    assert logged.startswith("[ERROR] request-1 the Runtime API stopped reading the response: ")
    assert logged.count("\n") == 1


def test_a_generator_is_closed_where_it_waits_when_its_stream_is_abandoned(
    api: RuntimeApiServer, serve: Serve
) -> None:
    api.invoke(abandon_after=2)
    closed = []

    def body() -> Iterator[bytes]:
        try:
            while True:
                yield b"x"
        finally:
            closed.append(True)

    serve(returning(response(body())))
    assert closed == [True]


@pytest.mark.parametrize("status", [413, 400])
def test_a_refused_stream_is_logged_and_the_next_event_is_served(
    api: RuntimeApiServer, serve: Serve, capfd: pytest.CaptureFixture[str], status: int
) -> None:
    api.invoke(answer_status=status)
    following = api.invoke("next")
    serve(returning(response(iter([b"x"]))))
    serve(lambda event, context: event)
    assert following.answer().content == b'"next"'
    assert f"refused the answer: HTTP status {status}" in capfd.readouterr().err


def test_a_body_that_cannot_be_closed_does_not_stop_the_process(
    api: RuntimeApiServer, serve: Serve, capfd: pytest.CaptureFixture[str]
) -> None:
    class Stuck(Body):
        def close(self) -> None:
            raise OSError("secret")

    invocation = api.invoke()
    serve(returning(response(Stuck(iter([b"x"])))))
    assert invocation.answer().complete
    logged = capfd.readouterr().err
    assert "closing the body: OSError" in logged
    assert "secret" not in logged


def test_an_exit_in_the_middle_of_a_body_cuts_the_stream_off(api: RuntimeApiServer, serve: Serve) -> None:
    invocation = api.invoke()
    body = Body(raising(SystemExit(3), b"x"))
    with pytest.raises(SystemExit):
        serve(returning(response(body)))
    assert not invocation.answer().complete
    assert body.closed == 1


def test_a_heartbeat_needs_a_time() -> None:
    with pytest.raises(ValueError, match="heartbeat_s must be greater than 0"):
        response(iter(()), heartbeat=b"x", heartbeat_s=0)
