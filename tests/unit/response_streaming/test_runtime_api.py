"""The HTTP client, with valid and invalid answers of the Runtime API."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from response_streaming.runtime_api import Connection, Invocation, RefusedError, RuntimeApi, RuntimeApiError
from tests.runtime_api import RuntimeApiServer

INVOCATION = Invocation({"lambda-runtime-aws-request-id": "request-1"}, b"")


def wait_until(is_so: Callable[[], bool], within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """The address of a server that gives each connection one of `answers`, then closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join(5)


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


def test_a_connection_is_idle_only_while_it_is_open_and_silent(api: RuntimeApiServer) -> None:
    connection = Connection(api.address)
    assert connection.is_idle()
    connection.send(b"GET /2018-06-01/runtime/restore/next HTTP/1.1\r\n\r\n")
    connection.receive()
    assert connection.is_idle()
    api.close()
    wait_until(lambda: not connection.is_idle())
    connection.close()


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
