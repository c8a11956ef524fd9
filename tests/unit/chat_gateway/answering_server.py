"""A server on this machine that gives the answers of a test."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable

from tests.hostile_upstream.loopback import LoopbackServer
from tests.runtime_api.requests import CutOffError, Request, RequestReader

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
Answer = Callable[[Request, socket.socket], bytes]


class AnsweringServer(LoopbackServer):
    """Sends the result of `answer` for each request; closes the connection if the result says `connection: close`.

    `requests` are all complete requests. `ended` is released for each connection that the other side ended.
    """

    def __init__(self, answer: bytes | Answer = OK) -> None:
        self._answer = answer
        self._numbers = itertools.count(1)
        self.requests: list[Request] = []
        self.ended = threading.Semaphore(0)

    @property
    def url(self) -> str:
        return f"http://{self.address}/path"

    @property
    def connections(self) -> list[int]:
        """The connection over which each request arrived."""
        return [request.connection for request in self.requests]

    def serve(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as source:
            reader = RequestReader(source, next(self._numbers), record=True)
            try:
                while self._serve_one(connection, reader):
                    pass
            except (OSError, CutOffError):
                self.ended.release()

    def _serve_one(self, connection: socket.socket, reader: RequestReader) -> bool:
        if (request := reader.head()) is None:
            raise CutOffError
        reader.body(request, lambda _: True)
        self.requests.append(request)
        answer = self._answer(request, connection) if callable(self._answer) else self._answer
        connection.sendall(answer)
        return b"connection: close" not in answer
