"""With our transport, each failure is one of httpx's errors, with a message, a cause and its request."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from chat_gateway.http1.transport import KeptConnections
from tests.unit.chat_gateway.answering_server import AnsweringServer
from tests.unit.chat_gateway.stalling_server import Stalling

NEVER_S, SOON_S = 60.0, 0.5
BEGUN = b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\nhi"


@contextlib.contextmanager
def failing(kind: type[httpx.TransportError], words: str = ".") -> Iterator[httpx.Client]:
    """A client whose request is expected to fail with that error."""
    with httpx.Client(transport=KeptConnections(), timeout=NEVER_S) as client:
        with pytest.raises(kind, match=words) as caught:
            yield client
        error = caught.value
        assert type(error) is kind
        assert error.request.method == "POST"
        assert error.__cause__ is not None


def post(client: httpx.Client, url: str, **options: Any) -> httpx.Response:
    return client.post(url, **{"content": b"x", **options})


def nobody() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_refused() -> None:
    """A refused connection is reported as such."""
    with failing(httpx.ConnectError, "^connection refused$") as client:
        post(client, nobody())


def test_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that cannot be resolved has its own message."""

    def look_up(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "secret")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with failing(httpx.ConnectError, "^name not resolved$") as client:
        post(client, "http://nowhere.test")


def test_connect_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """httpx's connect timeout covers all of connecting, including a slow name server."""
    is_over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: is_over.wait(NEVER_S) and [])
    with failing(httpx.ConnectTimeout, "no connection in time") as client:
        post(client, "http://slow.test", timeout=httpx.Timeout(NEVER_S, connect=SOON_S))
    is_over.set()


@pytest.mark.parametrize("sends", [b"", b"HTTP/1.1 200 OK\r\n", BEGUN])
@pytest.mark.parametrize("read_s", [SOON_S, 0.0])
def test_read_timeout(sends: bytes, read_s: float) -> None:
    """httpx's read timeout ends each wait for bytes: of the head and of the body, and that of 0 s at once."""
    with Stalling(sends) as url, failing(httpx.ReadTimeout, "no bytes in time") as client:
        post(client, url, timeout=httpx.Timeout(NEVER_S, read=read_s))


@pytest.mark.parametrize("sends", [b"", BEGUN])
def test_deadline(sends: bytes) -> None:
    """The deadline ends an exchange without another timeout."""
    with Stalling(sends) as url, failing(httpx.ReadTimeout) as client:
        post(client, url, timeout=None, extensions={"deadline": time.monotonic() + SOON_S})


def test_a_passed_deadline() -> None:
    """After the deadline, nothing is sent."""
    with AnsweringServer() as server, failing(httpx.ConnectTimeout) as client:
        post(client, server.url, extensions={"deadline": time.monotonic()})
    assert server.requests == []


def test_write_timeout() -> None:
    """httpx's write timeout ends the wait for a server that does not read."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with failing(httpx.WriteTimeout, "not sent in time") as client:
            post(client, url, content=b"x" * 20_000_000, timeout=httpx.Timeout(NEVER_S, write=SOON_S))


CLOSES = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"
CHUNKED = CLOSES + b"transfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (CLOSES + b"content-length: 9\r\n\r\nhi", "cut off"),
        (CHUNKED + b"2\r\nhi\r\n", "cut off"),
        (CHUNKED + b"zz\r\n", "chunk size"),
    ],
)
def test_broken_bodies(answer: bytes, words: str) -> None:
    """A body that is cut off or malformed is a protocol error after the status is known."""
    statuses = []
    with (
        AnsweringServer(answer) as server,
        failing(httpx.RemoteProtocolError, words) as client,
        client.stream("POST", server.url, content=b"x") as response,
    ):
        statuses.append(response.status_code)
        response.read()
    assert statuses == [200]


@pytest.mark.parametrize(
    ("answer", "words"), [(CLOSES, "header field"), (b"connection: close\r\n\r\n", "status line")]
)
def test_broken_heads(answer: bytes, words: str) -> None:
    """A head that is cut off or malformed is a protocol error."""
    with AnsweringServer(answer) as server, failing(httpx.RemoteProtocolError, words) as client:
        post(client, server.url)


def test_no_answer() -> None:
    """A server that hangs up without an answer is reported as a reset connection."""

    def hang_up(*_: object) -> bytes:
        raise ConnectionError

    with AnsweringServer(hang_up) as server, failing(httpx.ReadError, "connection reset") as client:
        post(client, server.url)


@pytest.mark.parametrize("failure", [ConnectionResetError("mine"), TimeoutError("mine"), KeyError("mine")])
def test_failures_of_the_content(failure: Exception) -> None:
    """An error from the request's own content is raised unchanged, and the connection is closed."""

    def content() -> Iterator[bytes]:
        yield b"x"
        raise failure

    with AnsweringServer() as server, httpx.Client(transport=KeptConnections()) as client:
        with pytest.raises(type(failure)) as caught:
            client.post(server.url, content=content())
        assert caught.value is failure
        assert server.ended.acquire(timeout=NEVER_S)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http:///path"])
def test_other_protocols(url: str) -> None:
    """A URL that is not HTTP is refused."""
    with httpx.Client(transport=KeptConnections()) as client, pytest.raises(httpx.UnsupportedProtocol):
        client.get(url)
