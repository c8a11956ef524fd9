"""AWS as the functions need it: every call succeeds and is remembered."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from dataclasses import dataclass
from typing import Any

from benchmarks import aws_answers
from tests.runtime_api import Request
from tests.runtime_api.requests import CutOffError, RequestReader


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the operation's name and its parameters, or the method and the body of an object in S3."""

    operation: str
    parameters: dict[str, Any]


class FakeAws:
    """Listens on a free port of this machine for as long as it is entered. `calls` are all so far."""

    def __enter__(self) -> FakeAws:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.calls: list[Call] = []
        self._objects: dict[str, bytes] = {}
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def object_at(self, location: str) -> bytes:
        """What was put to `s3://bucket/key`."""
        return self._objects[location.removeprefix("s3:/")]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, CutOffError), connection, connection.makefile("rb") as source:
            reader = RequestReader(source, 0, record=False)
            while (request := reader.head()) is not None:
                if request.header("expect"):
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                reader.body(request, lambda _: True)
                answer = self._answer(request)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))

    def _answer(self, request: Request) -> bytes:
        target = request.header("x-amz-target")
        if target is None:
            return self._stored(request)
        self.calls.append(Call(target.rpartition(".")[2], json.loads(request.body)))
        return aws_answers.answer(target.encode(), request.body)

    def _stored(self, request: Request) -> bytes:
        """S3: an object is put, or read again."""
        path = request.path.partition("?")[0]
        if request.method != "PUT":
            return self._objects[path]
        self._objects[path] = request.body
        return b""
