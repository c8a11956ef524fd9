"""Connecting has one deadline for name lookup, every address and the TLS handshake together."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Collection, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from chat_gateway.http1 import connect as http_connect
from chat_gateway.http1.connect import Origin

# What a test waits, and what it never does.
SOON_S, NEVER_S = 0.3, 60.0


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@contextlib.contextmanager
def full_listener() -> Iterator[int]:
    """A port that does not answer: its backlog is full, so a further connection waits."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = int(server.getsockname()[1])
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield port


def silence(monkeypatch: pytest.MonkeyPatch, ports: Collection[int]) -> list[float]:
    """Connecting to `ports` takes all its time, on a clock of the test. Returns the seconds that each socket gets."""
    given_s: list[float] = []
    now_s = 0.0

    class Socket(socket.socket):
        def settimeout(self, value: float | None, /) -> None:
            given_s.append(value or 0.0)
            super().settimeout(value)

        def connect(self, address: Any, /) -> None:
            nonlocal now_s
            if address[1] not in ports:
                super().connect(address)
                return
            now_s += self.gettimeout() or 0.0
            raise TimeoutError

    monkeypatch.setattr(http_connect, "time", SimpleNamespace(monotonic=lambda: now_s))
    monkeypatch.setattr(socket, "socket", Socket)
    return given_s


def addresses_of(*ports: int) -> list[Any]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in ports]


def connect(origin: Origin, seconds: float) -> socket.socket:
    return http_connect.connect(origin, ends_at=time.monotonic() + seconds)


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def test_it_connects(listener: socket.socket) -> None:
    """A name that resolves to a listener is connected."""
    connect(Origin("localhost", port_of(listener), is_encrypted=False), NEVER_S).close()


def test_a_silent_address_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that does not answer takes no more than the given time."""
    with full_listener() as port:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses_of(port))
        with pytest.raises(TimeoutError):
            connect(Origin("bedrock.test", 1, is_encrypted=False), SOON_S)


def test_six_silent_addresses_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six addresses that do not answer are all tried, and share the time of one."""
    ports = range(1, 7)
    given_s = silence(monkeypatch, ports)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses_of(*ports))
    with pytest.raises(TimeoutError):
        http_connect.connect(Origin("bedrock.test", 1, is_encrypted=False), ends_at=NEVER_S)
    assert given_s == pytest.approx([NEVER_S / 6] * 6)


def test_a_living_address_behind_a_silent_one(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    """A silent address leaves half of the time for the next address, which answers."""
    given_s = silence(monkeypatch, [1])
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses_of(1, port_of(listener)))
    http_connect.connect(Origin("bedrock.test", 1, is_encrypted=False), ends_at=NEVER_S).close()
    assert given_s == [NEVER_S / 2, NEVER_S / 2]


def test_a_slow_name_server_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lookup that hangs takes no more than the given time."""
    is_over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: is_over.wait(NEVER_S) and [])
    with pytest.raises(TimeoutError):
        connect(Origin("bedrock.test", 1, is_encrypted=False), SOON_S)
    is_over.set()


@pytest.mark.parametrize("found", [[], OSError("no such name"), UnicodeError("label too long")])
def test_a_name_without_an_address_is_an_error(monkeypatch: pytest.MonkeyPatch, found: Any) -> None:
    """A name without an address is an OSError."""

    def look_up(*_: object, **__: object) -> Any:
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(OSError, match="name"):
        connect(Origin("bedrock.test", 1, is_encrypted=False), NEVER_S)


def test_a_handshake_byte_by_byte_ends_in_time(listener: socket.socket) -> None:
    """A TLS handshake that arrives one byte at a time is a timeout, though the socket never waits long."""
    is_over = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            # The head of a handshake record of 16 kB, and then a byte of it at a time.
            connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03")
            while not is_over.wait(0.01):
                connection.sendall(b"\x00")

    server = threading.Thread(target=drip)
    server.start()
    with pytest.raises(TimeoutError):
        connect(Origin("127.0.0.1", port_of(listener), is_encrypted=True), SOON_S)
    is_over.set()
    server.join()


def test_a_moment_that_has_passed_is_a_timeout(listener: socket.socket) -> None:
    """If the deadline has passed, connecting does not begin."""
    with pytest.raises(TimeoutError):
        connect(Origin("127.0.0.1", port_of(listener), is_encrypted=False), 0.0)


def test_a_family_without_kernel_is_passed_over(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the kernel has no IPv6, a name's other addresses are tried."""
    make = socket.socket

    def without_ipv6(family: int, *kind: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(97, "Address family not supported by protocol")
        return make(family, *kind)

    ipv6 = (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("::1", 1, 0, 0))
    found = [ipv6, *addresses_of(port_of(listener))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "socket", without_ipv6)
    connect(Origin("both", port_of(listener), is_encrypted=False), NEVER_S).close()
