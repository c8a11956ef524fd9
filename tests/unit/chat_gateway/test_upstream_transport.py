"""The transport to Bedrock: connections are reused while they live, and whatever comes back is an answer or an error."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.upstream_transport import KeptConnections

TIMEOUT = {"connect": 5.0, "first_byte": 5.0, "read": 5.0}
ANSWER = b"HTTP/1.1 200 OK\r\nX-Id: 7\r\ncontent-length: 2\r\n\r\nhi"


def request(content: bytes = b"{}") -> httpx.Request:
    made = httpx.Request("POST", "http://bedrock.test/openai/v1/chat", content=content)
    made.extensions = {"timeout": TIMEOUT}
    return made


def pieces(response: httpx.Response) -> Iterator[bytes]:
    assert isinstance(response.stream, httpx.SyncByteStream)
    return iter(response.stream)


class Peers(KeptConnections):
    """Connects to our own ends of socket pairs."""

    def __init__(self, max_idle: int = 1) -> None:
        super().__init__("http://bedrock.test/openai/v1", max_idle=max_idle)
        self.far_ends: list[socket.socket] = []
        self.prepared: list[bytes | None] = []
        self.is_connected = threading.Event()

    def _connect(self, request: httpx.Request, timeout_s: float) -> http.client.HTTPConnection:
        near, far = socket.socketpair()
        sends = self.prepared.pop(0) if self.prepared else ANSWER
        if sends is not None:
            far.sendall(sends)
        self.far_ends.append(far)
        self.is_connected.set()
        connection = http.client.HTTPConnection("bedrock.test", timeout=timeout_s)
        connection.sock = near
        return connection

    def close(self) -> None:
        super().close()
        for far in self.far_ends:
            far.close()

    def body(self) -> bytes:
        """One whole exchange."""
        with contextlib.closing(self.handle_request(request())) as response:
            return b"".join(pieces(response))


@pytest.fixture
def peers() -> Iterator[Peers]:
    with contextlib.closing(Peers()) as made:
        yield made


def test_the_request_arrives_as_it_was_made(peers: Peers) -> None:
    with contextlib.closing(peers.handle_request(request(b'{"a":1}'))) as response:
        assert (response.status_code, response.headers["x-id"]) == (200, "7")
        assert b"".join(pieces(response)) == b"hi"
    head, _, body = peers.far_ends[0].recv(65_536).partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post /openai/v1/chat http/1.1"
    assert {"host: bedrock.test", "content-length: 7"} <= set(lines)
    assert len(lines) == len({line.partition(":")[0] for line in lines})
    assert body == b'{"a":1}'


def test_a_connection_is_used_again_after_an_answer_was_read_to_its_end(peers: Peers) -> None:
    def answer_again() -> None:
        peers.far_ends[0].recv(65_536)
        peers.far_ends[0].sendall(ANSWER)

    peers.body()
    peers.far_ends[0].recv(65_536)
    far_end = threading.Thread(target=answer_again)
    far_end.start()
    assert peers.body() == b"hi"
    assert len(peers.far_ends) == 1
    far_end.join()


@pytest.mark.parametrize("closes", [True, False])
def test_a_connection_that_died_or_speaks_unasked_is_not_used_again(peers: Peers, closes: bool) -> None:
    peers.body()
    peers.far_ends[0].close() if closes else peers.far_ends[0].sendall(b"HTTP/1.1 408 Timeout\r\n\r\n")
    assert peers.body() == b"hi"
    assert len(peers.far_ends) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi",
    ],
)
def test_a_connection_whose_server_is_done_with_it_is_not_kept(peers: Peers, answer: bytes) -> None:
    peers.prepared = [answer]
    assert peers.body() == b"hi"
    assert peers._idle == []


def test_an_answer_that_was_not_read_to_its_end_costs_its_connection(peers: Peers) -> None:
    peers.prepared = [b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\nhi"]
    response = peers.handle_request(request())
    assert next(pieces(response)) == b"hi"
    response.close()
    assert peers._idle == []


def test_no_more_connections_than_allowed_are_kept(peers: Peers) -> None:
    responses = [peers.handle_request(request()) for _ in range(3)]
    for response in responses:
        b"".join(pieces(response))
        response.close()
    assert len(peers._idle) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhi\r\n",
    ],
)
def test_an_answer_that_is_cut_off_is_an_error(peers: Peers, answer: bytes) -> None:
    peers.prepared = [answer]
    response = peers.handle_request(request())
    peers.far_ends[0].close()
    with pytest.raises(httpx.RequestError):
        b"".join(pieces(response))
    response.close()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1", b"nonsense\r\n\r\n", b"HTTP/1.1 2xx OK\r\n\r\n"])
def test_what_is_no_http_is_an_error_after_sending(peers: Peers, answer: bytes) -> None:
    def hang_up() -> None:
        peers.is_connected.wait()
        peers.far_ends[0].recv(65_536)
        peers.far_ends[0].close()

    peers.prepared = [answer]
    far_end = threading.Thread(target=hang_up)
    far_end.start()
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        peers.handle_request(request())
    far_end.join()


def test_a_refusal_is_read_though_the_server_stopped_reading(peers: Peers) -> None:
    peers.prepared = [b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno"]

    def stop_reading() -> None:
        peers.is_connected.wait()
        peers.far_ends[0].close()

    far_end = threading.Thread(target=stop_reading)
    far_end.start()
    response = peers.handle_request(request(b"x" * 5_000_000))
    assert (response.status_code, b"".join(pieces(response))) == (413, b"no")
    response.close()
    far_end.join()


def test_a_silent_server_is_a_timeout_and_its_connection_is_gone(peers: Peers) -> None:
    peers.prepared = [None]
    late = request()
    late.extensions = {"timeout": {**TIMEOUT, "first_byte": 0.01}}
    with pytest.raises(httpx.ReadTimeout):
        peers.handle_request(late)
    assert peers._idle == []


def test_shutting_down_wakes_the_reader(peers: Peers) -> None:
    peers.prepared = [b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\nhi"]
    response = peers.handle_request(request())
    body = pieces(response)
    next(body)
    threading.Timer(0.01, response.extensions["shut_down"]).start()
    with pytest.raises(httpx.RequestError):
        next(body)
    response.close()


def test_nobody_there_is_a_connect_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    nobody = KeptConnections(f"http://127.0.0.1:{port}", max_idle=1)
    with pytest.raises(httpx.ConnectError):
        nobody.handle_request(request())


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_an_answer_or_an_error_of_httpxs(sent: bytes, begins_well: bool) -> None:
    peers = Peers()
    peers.prepared = [(b"HTTP/1.1 200 OK\r\n" if begins_well else b"") + sent]
    connect = peers._connect

    def connect_and_end(request: httpx.Request, timeout_s: float) -> http.client.HTTPConnection:
        connection = connect(request, timeout_s)
        peers.far_ends[-1].shutdown(socket.SHUT_WR)
        return connection

    peers._connect = connect_and_end  # type: ignore[method-assign]
    with contextlib.suppress(httpx.RequestError):
        peers.body()
    peers.close()
