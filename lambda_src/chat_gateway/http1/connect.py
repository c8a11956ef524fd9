"""Opens a TCP or TLS connection, and has given up by the moment that its user names."""

from __future__ import annotations

import queue
import socket
import threading
import time
from typing import Any

from chat_gateway.http1 import tls

_Address = tuple[Any, ...]


class Origin:
    """Where to connect to, and whether over TLS."""

    __slots__ = ("host", "is_encrypted", "port")

    def __init__(self, host: str, port: int, is_encrypted: bool) -> None:
        self.host, self.port, self.is_encrypted = host, port, is_encrypted


def connect(origin: Origin, *, ends_at: float) -> socket.socket:
    """A connected socket. `ends_at` is on time.monotonic().

    Name resolution, every address and the TLS handshake share the time until then. Raises TimeoutError at that
    moment, and OSError (ssl.SSLError among them) where the connection cannot be made.
    """
    connection = _connected(_addresses(origin, ends_at), ends_at)
    try:
        # The end of a long request must not wait for the acknowledgement of what came before it.
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
    """Looked up on a thread of its own: a lookup takes as long as its name server likes, and cannot be stopped."""
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
    except UnicodeError:  # a name that cannot be one
        found.put(socket.gaierror(socket.EAI_NONAME, "not a host name"))


def _connected(addresses: list[_Address], ends_at: float) -> socket.socket:
    """To the first address that answers; each gets its share of the time that is left."""
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
    connection = socket.socket(*kind)  # fails for IPv6 where the kernel has none
    try:
        connection.settimeout(timeout_s)
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def _encrypted(connection: socket.socket, host: str, ends_at: float) -> socket.socket:
    # Otherwise Python takes an end without TLS's closure alert for a sound one.
    secure = tls.context().wrap_socket(
        connection, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False
    )
    try:
        # The timeout of a handshake is that of all of it, however many reads it takes.
        secure.settimeout(left_s(ends_at))
        secure.do_handshake()
    except BaseException:
        secure.close()
        raise
    return secure
