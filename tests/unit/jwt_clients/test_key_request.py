"""The request for the issuer's keys has a deadline and a limit, and follows no redirect."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from jwt_clients import key_request
from jwt_clients.errors import KeysUnavailableError


@contextmanager
def server(status: int, body: bytes, *, seen: list[str] | None = None) -> Iterator[str]:
    """The URL of a server that answers every GET so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if seen is not None:
                seen.append(self.path)
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join()


def test_body_of_a_200() -> None:
    """The path and the query are those of the URL."""
    seen: list[str] = []
    with server(200, b'{"keys": []}', seen=seen) as url:
        assert key_request.fetched(f"{url}/a/keys?p=1") == b'{"keys": []}'
        assert key_request.fetched(url) == b'{"keys": []}'
    assert seen == ["/a/keys?p=1", "/"]


@pytest.mark.parametrize("status", [204, 301, 302, 403, 500])
def test_other_status(status: int) -> None:
    """Any other status is an error; a redirect is not followed."""
    seen: list[str] = []
    with server(status, b"", seen=seen) as url, pytest.raises(KeysUnavailableError, match=str(status)):
        key_request.fetched(f"{url}/keys")
    assert seen == ["/keys"]


def test_large_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer above the limit is an error."""
    monkeypatch.setattr(key_request, "_MAX_BYTES", 100)
    with server(200, b"x" * 101) as url, pytest.raises(KeysUnavailableError, match="TooLargeError"):
        key_request.fetched(url)


def test_no_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the deadline the request ends."""
    monkeypatch.setattr(key_request, "_WITHIN_S", 0)
    with server(200, b"{}") as url, pytest.raises(KeysUnavailableError, match="TimeoutError"):
        key_request.fetched(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/keys", "http:///keys", "http://127.0.0.1:x/"])
def test_nobody_there(url: str) -> None:
    """A URL where nobody answers is an error of the same kind."""
    with pytest.raises(KeysUnavailableError):
        key_request.fetched(url)
