"""The HTTP client, with valid and invalid answers of the Runtime API."""

from __future__ import annotations

import socket
import struct
from contextlib import closing

import pytest

from response_streaming.runtime_api import Connection, Invocation, RefusedError, RuntimeApi, RuntimeApiError
from tests.runtime_api import RuntimeApiServer
from tests.unit.response_streaming.connections import answering, connected, wait_until

INVOCATION = Invocation({"lambda-runtime-aws-request-id": "request-1"}, b"")


def test_an_event_may_come_in_chunks(api: RuntimeApiServer, client: RuntimeApi) -> None:
    api.invoke("x" * 5000, in_chunks=True)
    assert client.next_invocation().body == b'"%b"' % (b"x" * 5000)


def test_an_event_of_six_megabytes_arrives_whole(api: RuntimeApiServer, client: RuntimeApi) -> None:
    api.invoke("x" * 6_000_000)
    assert len(client.next_invocation().body) == 6_000_002


def test_requests_share_one_connection(api: RuntimeApiServer, client: RuntimeApi) -> None:
    for number in range(3):
        invocation = api.invoke(number)
        client.post_result(client.next_invocation(), b"{}", "application/json")
        invocation.answer()
    assert {request.connection for request in api.requests} == {1}


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced() -> None:
    event = b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nContent-Length: 2\r\n\r\n{}"
    with answering(event, event) as address:
        client = RuntimeApi(address)
        assert [client.next_invocation().body, client.next_invocation().body] == [b"{}", b"{}"]
        client.close()


def test_closed_connection_is_replaced() -> None:
    """A connection is taken once, and is replaced if the other side has closed it."""
    event = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with answering(event, event) as address:
        client = RuntimeApi(address)
        client.next_invocation()
        kept = client._connection
        assert kept is not None
        wait_until(lambda: not kept.is_idle())  # the server closes it after its answer
        with closing(client.take_connection()) as taken:
            taken.send(b"GET / HTTP/1.1\r\n\r\n")
            assert taken.receive().body == b"{}"


def test_a_taken_connection_is_not_shared(api: RuntimeApiServer, client: RuntimeApi) -> None:
    """The connection of the event is taken once; after that each taker gets a new connection."""
    api.invoke()
    client.next_invocation()
    for _ in range(2):
        with closing(client.take_connection()) as taken:
            taken.send(b"GET /2018-06-01/runtime/restore/next HTTP/1.1\r\n\r\n")
            assert taken.receive().status == 200
    assert [request.connection for request in api.requests] == [1, 1, 2]


def test_a_connection_is_idle_only_while_it_is_open_and_silent(api: RuntimeApiServer) -> None:
    connection = Connection(api.address)
    assert connection.is_idle()
    connection.send(b"GET /2018-06-01/runtime/restore/next HTTP/1.1\r\n\r\n")
    connection.receive()
    assert connection.is_idle()
    api.close()
    wait_until(lambda: not connection.is_idle())
    connection.close()


def test_a_reset_connection_is_not_idle() -> None:
    """A connection that the other side has reset is not used again."""
    with connected() as (connection, peer):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.close()
        wait_until(lambda: not connection.is_idle())


def test_sending_at_once_never_waits() -> None:
    """What the other side does not read fills the buffers, and then nothing more is sent."""
    with connected() as (connection, peer):
        sent = 0
        while count := connection.send_at_once(b"x" * 65_536):
            sent += count
        received = 0
        while received < sent:
            received += len(peer.recv(65_536))
        assert received == sent
        wait_until(lambda: connection.send_at_once(b"y") == 1)
        assert peer.recv(1) == b"y"


def test_trailers_are_read_with_their_answer() -> None:
    """Trailers of a chunked answer do not become a part of the next answer."""
    with connected() as (connection, peer):
        peer.sendall(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nA: b\r\nC: d\r\n\r\n"
        )
        peer.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}")
        assert connection.receive().body == b"ab"
        assert connection.receive() == (202, {"content-length": "2"}, b"{}")


def test_a_closed_client_connects_again(api: RuntimeApiServer, client: RuntimeApi) -> None:
    """A client may be closed more than once, and opens a connection for its next request."""
    for _ in range(2):
        api.invoke()
        client.next_invocation()
        client.close()
        client.close()
    assert [request.connection for request in api.requests] == [1, 2]


def test_a_refused_restore_is_an_error() -> None:
    """Where Lambda does not restore the snapshot, the process cannot go on."""
    forbidden = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    with answering(forbidden) as address, pytest.raises(RuntimeApiError, match="403 to the request for the"):
        RuntimeApi(address).restore_next()


def test_connection_close_is_honoured() -> None:
    event = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"
    with answering(event, event) as address:
        client = RuntimeApi(address)
        assert [client.next_invocation().body, client.next_invocation().body] == [b"{}", b"{}"]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_without_an_event_there_is_one_kind_of_error(answer: bytes) -> None:
    with answering(answer) as address:
        client = RuntimeApi(address)
        with pytest.raises(RuntimeApiError):
            client.next_invocation()
        client.close()


def test_nobody_listening_is_that_error_too() -> None:
    with answering() as address:
        pass
    with pytest.raises(RuntimeApiError, match="ConnectionRefusedError"):
        RuntimeApi(address).next_invocation()


@pytest.mark.parametrize(
    ("status", "error"), [(413, RefusedError), (403, RefusedError), (500, RuntimeApiError)]
)
def test_refused_answer_is_an_error(status: int, error: type[Exception]) -> None:
    """A refused answer is an error, and a broken container is the error that ends the process."""
    with answering(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status) as address:
        client = RuntimeApi(address)
        with pytest.raises(error, match=str(status)):
            client.post_result(INVOCATION, b"{}", "application/json")
        client.close()


def test_the_invocation_id_is_sent_back_where_lambda_gave_one(
    api: RuntimeApiServer, client: RuntimeApi
) -> None:
    invocation = api.invoke(headers={"Lambda-Runtime-Invocation-Id": "abc"})
    client.post_result(client.next_invocation(), b"{}", "application/json")
    assert invocation.answer().header("lambda-runtime-invocation-id") == "abc"


def test_an_error_carries_its_type_in_a_header_that_holds_ascii_only(
    api: RuntimeApiServer, client: RuntimeApi
) -> None:
    invocation = api.invoke()
    client.post_error(client.next_invocation(), {"errorType": "Fehler\r\nGrün"})
    assert invocation.answer().header("lambda-runtime-function-error-type") == "Fehler??Gr?n"
