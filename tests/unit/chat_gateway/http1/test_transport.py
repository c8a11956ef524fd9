"""The transport to Bedrock reuses open connections, and turns any bytes into an answer or an error."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.http1.connection import HttpConnection
from chat_gateway.http1.transport import KeptConnections
from tests.unit.chat_gateway.transport_calls import pieces, request

ANSWER = b"HTTP/1.1 200 OK\r\nX-Id: 7\r\ncontent-length: 2\r\n\r\nhi"


class Peers(KeptConnections):
    """Connects to our own ends of socket pairs."""

    def __init__(self, max_idle: int = 1) -> None:
        super().__init__(max_idle=max_idle)
        self.far_ends: list[socket.socket] = []
        self.prepared: list[bytes | None] = []
        self.is_connected = threading.Event()

    def _connect(self, request: httpx.Request, ends_at: float) -> HttpConnection:
        near, far = socket.socketpair()
        sends = self.prepared.pop(0) if self.prepared else ANSWER
        if sends is not None:
            far.sendall(sends)
        self.far_ends.append(far)
        self.is_connected.set()
        return HttpConnection(near)

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


@pytest.mark.parametrize(
    "answer",
    [
        ANSWER + b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nforeign",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nmore",
    ],
)
def test_a_connection_on_which_more_came_than_was_asked_for_is_not_kept(peers: Peers, answer: bytes) -> None:
    peers.prepared = [answer]
    assert peers.body() == b"hi"
    assert peers._idle == []


def test_body_that_ends_with_its_connection(peers: Peers) -> None:
    """A body that ends with its connection is read, and the connection is not kept."""
    peers.prepared = [b"HTTP/1.1 200 OK\r\n\r\nhi"]
    with contextlib.closing(peers.handle_request(request())) as response:
        peers.far_ends[0].shutdown(socket.SHUT_WR)
        assert b"".join(pieces(response)) == b"hi"
    assert peers._idle == []


def test_interim_answer_is_skipped(peers: Peers) -> None:
    """An interim answer is not taken for the answer, and is not left for the next request."""
    peers.prepared = [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + ANSWER]
    assert peers.body() == b"hi"
    assert len(peers._idle) == 1


def test_chunks_that_came_together_are_one_piece(peers: Peers) -> None:
    peers.prepared = [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n4\r\n you\r\n0\r\n\r\n"
    ]
    with contextlib.closing(peers.handle_request(request())) as response:
        assert list(pieces(response)) == [b"hi you"]


def test_the_first_piece_of_many_that_came_together_is_small(peers: Peers) -> None:
    peers.prepared = [b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + b"x" * 5000]
    with contextlib.closing(peers.handle_request(request())) as response:
        assert [len(piece) for piece in pieces(response)] == [512, 4488]


def test_a_header_beyond_ascii_is_read(peers: Peers) -> None:
    peers.prepared = [b"HTTP/1.1 200 OK\r\nx-note: caf\xe9\r\ncontent-length: 0\r\n\r\n"]
    with contextlib.closing(peers.handle_request(request())) as response:
        assert response.headers["x-note"] == "caf\xe9"


@pytest.mark.parametrize(
    "field", [(b"x-id", b"a\r\nx-other: b"), (b"x-id", b"a\nb"), (b"x-id\r", b"a"), (b"x", b"a\r")]
)
def test_a_header_cannot_bring_lines_of_its_own(peers: Peers, field: tuple[bytes, bytes]) -> None:
    made = request()
    made.headers = httpx.Headers([*made.headers.raw, field])
    with pytest.raises(httpx.LocalProtocolError, match="line break"):
        peers.handle_request(made)
    assert peers.far_ends == []


def test_slow_head_is_a_timeout(peers: Peers) -> None:
    """A head that arrives too slowly is a timeout, even if the socket never waits long."""
    peers.prepared = [b"HTTP/1.1 200 OK\r\n"]
    is_over = threading.Event()

    def drip() -> None:
        peers.is_connected.wait()
        with contextlib.suppress(OSError):
            while not is_over.wait(0.005):
                peers.far_ends[0].sendall(b"x: y\r\n")

    far_end = threading.Thread(target=drip)
    far_end.start()
    with pytest.raises(httpx.ReadTimeout):
        peers.handle_request(request(first_byte=0.5))
    is_over.set()
    far_end.join()
    assert peers._idle == []


def test_many_threads_share_it_and_each_gets_its_own_answer() -> None:
    def echo(connection: socket.socket) -> None:
        with contextlib.suppress(ConnectionError), connection, connection.makefile("rb") as source:
            while (line := source.readline()) and line:
                size = 0
                while (line := source.readline()) != b"\r\n":
                    name, _, value = line.partition(b":")
                    size = int(value) if name.lower() == b"content-length" else size
                content = source.read(size)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (size, content))

    def accept(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=echo, args=(connection,), daemon=True).start()

    wrong: list[bytes] = []

    def ask(number: int, shared: KeptConnections) -> None:
        for round_ in range(20):
            content = b"%d-%d" % (number, round_)
            with contextlib.closing(shared.handle_request(request(content, base_url=base_url))) as response:
                answer = b"".join(pieces(response))
            if answer != content:
                wrong.append(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        shared = KeptConnections(max_idle=3)
        askers = [threading.Thread(target=ask, args=(number, shared)) for number in range(6)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        assert len(shared._idle) <= 3
        shared.close()
        listener.shutdown(socket.SHUT_RDWR)
    assert wrong == []


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


@pytest.mark.parametrize(
    "large",
    [
        request(b"x" * 5_000_000),
        httpx.Request("POST", "http://bedrock.test", content=iter([b"x" * 500_000] * 10)),
    ],
    ids=["bytes", "pieces"],
)
def test_a_refusal_is_read_though_the_server_stopped_reading(peers: Peers, large: httpx.Request) -> None:
    """An early answer is read even if the server stopped reading, and its connection is not used again."""
    peers.prepared = [b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno"]

    def stop_reading() -> None:
        peers.is_connected.wait()
        peers.far_ends[0].close()

    far_end = threading.Thread(target=stop_reading)
    far_end.start()
    response = peers.handle_request(large)
    assert (response.status_code, b"".join(pieces(response))) == (413, b"no")
    response.close()
    assert peers._idle == []
    far_end.join()


def test_a_silent_server_is_a_timeout_and_its_connection_is_gone(peers: Peers) -> None:
    peers.prepared = [None]
    with pytest.raises(httpx.ReadTimeout):
        peers.handle_request(request(first_byte=0.5))
    assert peers._idle == []


def test_a_body_ends_by_its_moment(peers: Peers) -> None:
    """A deadline that is set while the body is read ends the reading, and the connection is closed."""
    peers.prepared = [b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\nhi"]
    response = peers.handle_request(request())
    body = pieces(response)
    next(body)
    response.extensions["end_by"](time.monotonic() + 0.01)
    with pytest.raises(httpx.ReadTimeout):
        next(body)
    response.close()
    assert peers._idle == []


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 8192])
@pytest.mark.parametrize("behind", [b"x", ANSWER])
def test_bytes_behind_an_answer_spoil_it(peers: Peers, size: int, behind: bytes) -> None:
    """A connection is not used again if any bytes followed an answer, whatever its size."""
    peers.prepared = [b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size + b"y" * size + behind]
    assert peers.body() == b"y" * size
    assert peers._idle == []


def test_nobody_there_is_a_connect_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(httpx.ConnectError):
        KeptConnections().handle_request(request(base_url=f"http://127.0.0.1:{port}"))


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_an_answer_or_an_error_of_httpxs(sent: bytes, begins_well: bool) -> None:
    peers = Peers()
    peers.prepared = [(b"HTTP/1.1 200 OK\r\n" if begins_well else b"") + sent]
    connect = peers._connect

    def connect_and_end(request: httpx.Request, ends_at: float) -> HttpConnection:
        connection = connect(request, ends_at)
        peers.far_ends[-1].shutdown(socket.SHUT_WR)
        return connection

    peers._connect = connect_and_end  # type: ignore[method-assign]
    with contextlib.suppress(httpx.RequestError):
        peers.body()
    peers.close()
