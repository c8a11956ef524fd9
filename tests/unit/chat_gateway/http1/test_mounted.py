"""httpx's client works with our transport: each request arrives, and each gets its own answer."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from chat_gateway.http1.transport import KeptConnections
from tests.runtime_api.requests import Request
from tests.unit.chat_gateway.answering_server import OK, AnsweringServer

SOON_S = 10.0


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(transport=KeptConnections(), timeout=SOON_S) as made:
        yield made


def test_get(client: httpx.Client) -> None:
    """A GET has path, query and httpx's own headers, and no body."""
    with AnsweringServer() as server:
        response = client.get(server.url, params={"a": "b c"})
    assert (response.status_code, response.text, response.http_version) == (200, "hi", "HTTP/1.1")
    (request,) = server.requests
    assert request.line == "GET /path?a=b+c"
    assert (request.header("host"), request.body) == (server.address, b"")
    assert (request.header("user-agent") or "").startswith("python-httpx/")
    assert request.header("content-length") is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_content(client: httpx.Client, method: str) -> None:
    """Bytes are sent with their length, by any method."""
    with AnsweringServer() as server:
        assert client.request(method, server.url, content=b'{"a":1}').text == "hi"
    (request,) = server.requests
    assert (request.method, request.body, request.header("content-length")) == (method, b'{"a":1}', "7")


def test_large_content(client: httpx.Client) -> None:
    """Large content arrives complete."""
    content = bytes(range(256)) * 20_000
    with AnsweringServer() as server:
        client.post(server.url, content=content)
    assert server.requests[0].body == content


def test_streamed_content(client: httpx.Client) -> None:
    """A generator is sent in chunks, one for each piece that is not empty."""
    with AnsweringServer() as server:
        client.post(server.url, content=iter([b"one", b"", b"two"]))
        client.post(server.url, content=iter([]))
    first, second = server.requests
    assert [chunk.data for chunk in first.chunks] == [b"one", b"two"]
    assert (first.header("transfer-encoding"), second.chunks) == ("chunked", [])


def test_a_file(client: httpx.Client, tmp_path: Path) -> None:
    """A file is sent with its length and not read into memory, alone or in a form."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 200_000)
    with AnsweringServer() as server:
        with path.open("rb") as file:
            client.post(server.url, content=file)
        with path.open("rb") as file:
            client.post(server.url, files={"file": file})
    alone, form = server.requests
    assert (alone.header("content-length"), alone.body) == ("200000", path.read_bytes())
    assert path.read_bytes() in form.body


def test_read_content_in_chunks(client: httpx.Client) -> None:
    """A generator that httpx has read (some authentication needs that) is still sent in chunks."""
    with AnsweringServer() as server:
        request = client.build_request("POST", server.url, content=iter([b"one"]))
        request.read()
        client.send(request)
    assert [chunk.data for chunk in server.requests[0].chunks] == [b"one"]


def test_streamed_response(client: httpx.Client) -> None:
    """Each piece of an answer reaches the caller before the server sends the next one."""
    is_read = threading.Event()

    def answer(_: Request, connection: socket.socket) -> bytes:
        connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        assert is_read.wait(SOON_S)
        return b"3\r\ntwo\r\n0\r\n\r\n"

    with AnsweringServer(answer) as server, client.stream("GET", server.url) as response:
        pieces = response.iter_bytes()
        assert next(pieces) == b"one"
        is_read.set()
        assert list(pieces) == [b"two"]


def test_keep_alive(client: httpx.Client) -> None:
    """After an answer has been read, the next request uses its connection."""
    with AnsweringServer() as server:
        for _ in range(3):
            client.get(server.url)
        client.post(server.url, content=b"x")
    assert server.connections == [1, 1, 1, 1]


def test_last_request(client: httpx.Client) -> None:
    """A request with `close` is the last one on its connection, whatever the server says."""
    with AnsweringServer() as server:
        client.get(server.url, headers={"connection": "Keep-Alive, Close"})
        client.get(server.url)
    assert server.connections == [1, 2]


@pytest.mark.parametrize(("status", "method"), [(302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
def test_redirect(client: httpx.Client, status: int, method: str) -> None:
    """httpx follows redirects over the same connection, and sends the content again if it should."""

    def answer(request: Request, _: socket.socket) -> bytes:
        if request.path == "/there":
            return OK
        return b"HTTP/1.1 %d Go\r\nlocation: /there\r\ncontent-length: 4\r\n\r\nthen" % status

    with AnsweringServer(answer) as server:
        response = client.post(server.url, content=b"x", follow_redirects=True)
    assert (response.text, response.history[0].status_code) == ("hi", status)
    assert [request.line for request in server.requests] == ["POST /path", f"{method} /there"]
    assert (server.requests[1].body, server.connections) == (b"x" if method == "POST" else b"", [1, 1])


def test_redirect_to_another_origin(client: httpx.Client) -> None:
    """A request for another origin never uses a connection to the first origin."""
    with AnsweringServer() as other:
        moved = b"HTTP/1.1 301 Moved\r\nlocation: %b\r\ncontent-length: 0\r\n\r\n" % other.url.encode()
        with AnsweringServer(moved) as server:
            assert client.get(server.url, follow_redirects=True).text == "hi"
            assert client.get(other.url).text == "hi"
    assert (len(server.requests), other.connections) == (1, [1, 1])


def test_gzip(client: httpx.Client) -> None:
    """httpx asks for compressed content and decodes it."""
    content = gzip.compress(b"hello" * 1000)
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(content)
    with AnsweringServer(head + content) as server:
        assert client.get(server.url).content == b"hello" * 1000
    assert "gzip" in (server.requests[0].header("accept-encoding") or "")


@pytest.mark.parametrize(
    ("method", "head"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-encoding: gzip\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"),
    ],
)
def test_no_body(client: httpx.Client, method: str, head: bytes) -> None:
    """Answers to HEAD, 204 and 304 end with their head, and the connection is used again."""
    with AnsweringServer(head) as server:
        for _ in range(2):
            assert client.request(method, server.url).content == b""
    assert server.connections == [1, 1]


def test_interim_answers(client: httpx.Client) -> None:
    """Interim answers before the final one are skipped."""
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    with AnsweringServer(early + OK) as server:
        assert client.post(server.url, content=b"x").text == "hi"
        assert client.get(server.url).text == "hi"
    assert server.connections == [1, 1]


def test_threads(client: httpx.Client) -> None:
    """Threads share one client, and each gets the answers to its own requests."""

    def echo(request: Request, _: socket.socket) -> bytes:
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(request.body), request.body)

    def ask(number: int) -> bool:
        contents = [b"%d-%d" % (number, round_) for round_ in range(20)]
        return all(client.post(server.url, content=content).content == content for content in contents)

    with AnsweringServer(echo) as server, ThreadPoolExecutor(6) as threads:
        assert all(threads.map(ask, range(6)))


def test_nobody_waits_in_the_pool() -> None:
    """Concurrent requests have a connection each, however small the pool and its timeout are."""
    timeout = httpx.Timeout(SOON_S, pool=0.0)
    with (
        AnsweringServer() as server,
        httpx.Client(transport=KeptConnections(max_idle=1), timeout=timeout) as client,
        client.stream("GET", server.url) as first,
        client.stream("GET", server.url) as second,
    ):
        assert first.read() == second.read() == b"hi"
    assert server.connections == [1, 2]


def test_the_oldest_makes_room() -> None:
    """A connection to another origin replaces the connection that has been idle longest."""
    with (
        AnsweringServer() as first,
        AnsweringServer() as second,
        httpx.Client(transport=KeptConnections(max_idle=1)) as client,
    ):
        client.get(first.url)
        client.get(second.url)
        assert first.ended.acquire(timeout=SOON_S)
        client.get(second.url)
    assert second.connections == [1, 1]


def test_no_timeouts() -> None:
    """Without timeouts, requests are sent and answered."""
    with AnsweringServer() as server, httpx.Client(transport=KeptConnections()) as client:
        assert client.post(server.url, content=b"x" * 100_000, timeout=httpx.Timeout(None)).text == "hi"


def test_closing_the_client() -> None:
    """A closed client leaves no connection open."""
    with AnsweringServer() as server:
        with httpx.Client(transport=KeptConnections()) as client:
            client.get(server.url)
        assert server.ended.acquire(timeout=SOON_S)


def test_closing_the_client_first() -> None:
    """A response that outlives its client can be read, and its connection is then closed."""
    with AnsweringServer() as server:
        client = httpx.Client(transport=KeptConnections())
        with client.stream("GET", server.url) as response:
            client.close()
            assert response.read() == b"hi"
        assert server.ended.acquire(timeout=SOON_S)


def test_closing_a_response(client: httpx.Client) -> None:
    """Closing a response before its end closes its connection."""
    begun = b"HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\nhi"
    with AnsweringServer(begun) as server:
        with client.stream("GET", server.url) as response:
            assert next(response.iter_raw()) == b"hi"
        assert server.ended.acquire(timeout=SOON_S)


def test_a_response_is_closed_once(client: httpx.Client) -> None:
    """A stream that is closed twice returns its connection once, and cannot be read again."""
    transport = KeptConnections()
    with AnsweringServer() as server, transport:
        response = transport.handle_request(client.build_request("GET", server.url))
        stream = response.stream
        assert isinstance(stream, httpx.SyncByteStream)
        assert b"".join(stream) == b"hi"
        stream.close()
        stream.close()
        response.extensions["end_by"](0.0)
        with pytest.raises(httpx.StreamClosed):
            next(iter(stream))
        assert len(transport._idle) == 1
