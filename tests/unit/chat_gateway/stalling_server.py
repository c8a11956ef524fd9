"""A server that stalls."""

from __future__ import annotations

import contextlib
import socket
import threading


class Stalling(threading.Thread):
    """A server that sends some bytes and then neither more nor the end."""

    def __init__(self, sends: bytes) -> None:
        super().__init__()
        self.sends = sends
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.let_go = threading.Event()

    def run(self) -> None:
        connection, _ = self.listener.accept()
        # A client that times out at once may have reset the connection.
        with contextlib.suppress(ConnectionError), connection, self.listener:
            connection.recv(65536)
            connection.sendall(self.sends)
            self.let_go.wait(30)

    def __enter__(self) -> str:
        self.start()
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self.join()
