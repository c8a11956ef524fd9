"""Opens a TCP or TLS connection by a deadline."""

from __future__ import annotations

import queue
import socket
import threading
import time
from typing import Any

from chat_gateway.http1 import tls

_Address = tuple[Any, ...]


class Origin:
    """A host and port to connect to, and whether to use TLS."""

    __slots__ = ("host", "is_encrypted", "port")

    def __init__(self, host: str, port: int, is_encrypted: bool) -> None:
        self.host, self.port, self.is_encrypted = host, port, is_encrypted


def connect(origin: Origin, *, ends_at: float) -> socket.socket:
    """A connected socket. The deadline `ends_at` is on time.monotonic().

    Name resolution, the connection attempts and the TLS handshake share the time until the deadline. Raises
    TimeoutError at the deadline, and OSError (which includes ssl.SSLError) if the connection fails.
    """
    connection = _connected(_addresses(origin, ends_at), ends_at)
    try:
        # Without it, the last segment of a long request would wait for the acknowledgement of the ones before.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return _encrypted(connection, origin.host, ends_at) if origin.is_encrypted else connection
    except BaseException:
        connection.close()
        raise


def left_s(ends_at: float) -> float:
    """Seconds until `ends_at` (on time.monotonic()), always more than 0. Raises TimeoutError once it has passed."""
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _addresses(origin: Origin, ends_at: float) -> list[_Address]:
    """Resolves the name on another thread, because getaddrinfo has no timeout and cannot be stopped."""
    found: queue.SimpleQueue[list[_Address] | OSError] = queue.SimpleQueue()
    threading.Thread(target=_look_up, args=(origin, found), name="name lookup", daemon=True).start()
    try:
        outcome = found.get(timeout=left_s(ends_at))
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(outcome, OSError):
        raise outcome
    return outcome


def _look_up(origin: Origin, found: queue.SimpleQueue[list[_Address] | OSError]) -> None:
    try:
        found.put(list(socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)))
    except OSError as failure:
        found.put(failure)
    except UnicodeError:  # not a valid host name
        found.put(socket.gaierror(socket.EAI_NONAME, "not a host name"))


def _connected(addresses: list[_Address], ends_at: float) -> socket.socket:
    """A socket to the first address that accepts. Each attempt gets an equal share of the time that is left."""
    failure: OSError = socket.gaierror(socket.EAI_NONAME, "the name has no address")
    for number, (family, kind, protocol, _, address) in enumerate(addresses):
        try:
            return _connected_to(
                address, (family, kind, protocol), left_s(ends_at) / (len(addresses) - number)
            )
        except OSError as error:
            failure = error
    raise failure


def _connected_to(address: _Address, kind: tuple[int, int, int], timeout_s: float) -> socket.socket:
    connection = socket.socket(*kind)  # fails for IPv6 if the kernel does not support it
    try:
        connection.settimeout(timeout_s)
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def _encrypted(connection: socket.socket, host: str, ends_at: float) -> socket.socket:
    # suppress_ragged_eofs=True would hide a connection that ended without TLS's closure alert.
    secure = tls.context().wrap_socket(
        connection, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False
    )
    try:
        # In a handshake, the socket's timeout covers the whole handshake.
        secure.settimeout(left_s(ends_at))
        secure.do_handshake()
    except BaseException:
        secure.close()
        raise
    return secure
