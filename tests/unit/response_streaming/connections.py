"""Servers that answer with given bytes, and single connections."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

from response_streaming.runtime_api import Connection


def wait_until(is_so: Callable[[], bool], within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """The address of a server that gives each of its connections one of `answers`, then closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with suppress(ConnectionError), connection:  # the other side may have gone
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join(5)


@contextmanager
def connected() -> Iterator[tuple[Connection, socket.socket]]:
    """A connection, and the socket at its other end."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        closing(Connection(f"127.0.0.1:{listener.getsockname()[1]}")) as connection,
        listener.accept()[0] as peer,
    ):
        yield connection, peer
