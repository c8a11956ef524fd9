"""AWS for the functions: every call succeeds and is recorded, unless a script is played instead."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any

from benchmarks import aws_answers
from tests.hostile_upstream import limited_client
from tests.hostile_upstream.loopback import LoopbackServer
from tests.hostile_upstream.part import Part
from tests.hostile_upstream.playing import Player
from tests.hostile_upstream.script import Script
from tests.runtime_api import Request
from tests.runtime_api.requests import CutOffError, RequestReader

_DYNAMODB = "DynamoDB_"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the operation's name and its parameters; for S3's PutObject only its Body, as text."""

    operation: str
    parameters: dict[str, Any]


class FakeAws(LoopbackServer):
    """`calls` are all calls so far. If `script` is set, it plays DynamoDB's answer to the calls of `part`."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.script: Script | None = None
        self.part = Part.DYNAMODB
        self.player = Player()
        self._objects: dict[str, bytes] = {}

    def serve(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as source:
            reader = RequestReader(source, 0, record=False)
            while (request := next_request(reader, connection)) is not None:
                target = request.header("x-amz-target") or ""
                if self.script is not None and _is_of(self.part, target, request.body):
                    self.player.play(self.script, connection)
                    continue
                answer = self._answer(target, request)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))

    def _answer(self, target: str, request: Request) -> bytes:
        if not target:
            return self._stored(request)
        operation = target.rpartition(".")[2]
        self.calls.append(Call(operation, json.loads(request.body)))
        of_client = limited_client.answer(operation, request.body)
        return of_client or aws_answers.answer(target.encode(), request.body)

    def _stored(self, request: Request) -> bytes:
        """Stores an S3 object, or reads it."""
        path = request.path.partition("?")[0]
        if request.method != "PUT":
            return self._objects.get(path, b"")
        self._objects[path] = request.body
        self.calls.append(Call("PutObject", {"Body": request.body.decode()}))
        return b""


def _is_of(part: Part, target: str, body: bytes) -> bool:
    if part is Part.DYNAMODB or not target.startswith(_DYNAMODB):
        return target.startswith(_DYNAMODB)
    parameters = json.loads(body)
    reserves = parameters.get("ReturnValues") == "ALL_NEW"
    is_update = limited_client.is_update(target.rpartition(".")[2], parameters)
    return is_update and reserves is (part is Part.RESERVATION)


def next_request(reader: RequestReader, connection: socket.socket) -> Request | None:
    """The next request, complete; None if none follows."""
    try:
        request = reader.head()
        if request is None:
            return None
        if request.header("expect"):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        reader.body(request, lambda _: True)
    except CutOffError:
        return None
    return request
