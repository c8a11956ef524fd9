"""The transport over TLS: the server's identity, the reuse of connections, and timeouts of waiting readers."""

from __future__ import annotations

import contextlib
import datetime
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chat_gateway.http1 import tls
from chat_gateway.http1.transport import KeptConnections
from tests.unit.chat_gateway.transport_calls import pieces, request

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
STALLED = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for `localhost`, with its key."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]),
    )
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


class Server:
    """Answers every request on every connection with `answer`; `accepted` are its connections."""

    def __init__(self, certificate: Path, answer: bytes) -> None:
        self._answer, self.accepted = answer, 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self._listener = socket.create_server(("localhost", 0))
        self.base_url = f"https://localhost:{self._listener.getsockname()[1]}/openai/v1"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.accepted += 1
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with (
            connection,
            contextlib.suppress(OSError),
            self._context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False) as secure,
        ):
            self.answer(secure)

    def answer(self, secure: ssl.SSLSocket) -> None:
        while secure.recv(65_536):
            secure.sendall(self._answer)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextlib.contextmanager
def connected(certificate: Path, answer: bytes) -> Iterator[tuple[Server, KeptConnections]]:
    with (
        contextlib.closing(Server(certificate, answer)) as server,
        contextlib.closing(KeptConnections(max_idle=1)) as connections,
    ):
        yield server, connections


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    context = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(tls, "context", lambda: context)
    return certificate


def test_answers_come_over_one_connection(trusted: Path) -> None:
    with connected(trusted, ANSWER) as (server, connections):
        for _ in range(3):
            with contextlib.closing(
                connections.handle_request(request(base_url=server.base_url))
            ) as response:
                assert b"".join(pieces(response)) == b"hi"
        assert server.accepted == 1


def test_extra_bytes_spoil_the_connection(trusted: Path) -> None:
    """If bytes follow the answer, the connection is not used again, even if TLS holds those bytes back."""
    with connected(trusted, ANSWER + b"HTTP/1.1 200 OK\r\n\r\nforeign") as (server, connections):
        for _ in range(2):
            with contextlib.closing(
                connections.handle_request(request(base_url=server.base_url))
            ) as response:
                assert b"".join(pieces(response)) == b"hi"
        assert server.accepted == 2


def test_the_moment_wakes_the_reader_and_hands_it_nothing(trusted: Path) -> None:
    """A waiting reader gets a timeout and no bytes at a deadline that was set meanwhile."""
    with (
        connected(trusted, STALLED) as (server, connections),
        contextlib.closing(connections.handle_request(request(base_url=server.base_url))) as response,
    ):
        body = pieces(response)
        assert next(body) == b"hi"
        response.extensions["end_by"](time.monotonic() + 0.01)
        with pytest.raises(httpx.ReadTimeout):
            next(body)


def test_a_server_that_cannot_prove_its_name_gets_no_request(certificate: Path) -> None:
    with connected(certificate, ANSWER) as (server, connections), pytest.raises(httpx.ConnectError):
        connections.handle_request(request(base_url=server.base_url))


def test_a_server_that_says_nothing_at_all_is_a_timeout(trusted: Path) -> None:
    with socket.create_server(("localhost", 0)) as silent:
        url = f"https://localhost:{silent.getsockname()[1]}/openai/v1"
        with pytest.raises(httpx.ConnectTimeout):
            KeptConnections().handle_request(request(base_url=url, connect=0.05))


UNCOUNTED = b"HTTP/1.1 200 OK\r\n\r\nhi"


class Ending(Server):
    """Answers one request and ends the connection; `closes_well`: with TLS's closure alert."""

    def __init__(self, certificate: Path, answer: bytes, *, closes_well: bool) -> None:
        self._closes_well = closes_well
        super().__init__(certificate, answer)

    def answer(self, secure: ssl.SSLSocket) -> None:
        secure.recv(65_536)
        secure.sendall(self._answer)
        if self._closes_well:
            secure.unwrap()


@pytest.mark.parametrize("answer", [UNCOUNTED, ANSWER, STALLED])
@pytest.mark.parametrize("closes_well", [True, False])
def test_an_end_without_alert(trusted: Path, answer: bytes, closes_well: bool) -> None:
    """A body without a length is complete only with TLS's closure alert; one with a length does not need it."""
    is_whole = answer == ANSWER or (answer == UNCOUNTED and closes_well)
    with (
        contextlib.closing(Ending(trusted, answer, closes_well=closes_well)) as server,
        contextlib.closing(KeptConnections()) as connections,
        contextlib.closing(connections.handle_request(request(base_url=server.base_url))) as response,
        contextlib.nullcontext() if is_whole else pytest.raises(httpx.RemoteProtocolError, match="cut off"),
    ):
        assert b"".join(pieces(response)) == b"hi"


def test_closing_sends_the_alert(trusted: Path) -> None:
    """A connection that is closed between two requests ends with TLS's closure alert."""
    ends: queue.SimpleQueue[bytes | OSError] = queue.SimpleQueue()

    class Listening(Server):
        def answer(self, secure: ssl.SSLSocket) -> None:
            secure.recv(65_536)
            secure.sendall(self._answer)
            try:
                ends.put(secure.recv(1))
            except OSError as error:
                ends.put(error)

    with contextlib.closing(Listening(trusted, ANSWER)) as server:
        with (
            contextlib.closing(KeptConnections()) as connections,
            contextlib.closing(connections.handle_request(request(base_url=server.base_url))) as response,
        ):
            assert b"".join(pieces(response)) == b"hi"
        assert ends.get(timeout=10) == b""
