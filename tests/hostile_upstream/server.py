"""Stands in Bedrock's place on a raw socket and plays a script to whoever asks."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time

from tests.hostile_upstream.script import Close, Endless, Pause, Reset, Script, Silence, Slowly, Step
from tests.runtime_api.requests import CutOffError, RequestReader

_PATIENCE_S = 10.0
_BLOCK_BYTES = 65_536
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
_NOTHING = Script((Close(),))


class _Ended(Exception):  # noqa: N818 - no error: a step has ended the connection
    """The connection is of no use any more."""


class HostileServer:
    """Listens on a free port of this machine for as long as it is entered; `play` says what the next request gets."""

    def __enter__(self) -> HostileServer:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._script, self._playing = _NOTHING, 0
        self._changed = threading.Condition()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def play(self, script: Script) -> None:
        """Answers every request by `script` from now on."""
        self._script = script

    def settle(self, timeout_s: float) -> bool:
        """Whether every script that was begun has ended, waiting for it."""
        with self._changed:
            return self._changed.wait_for(lambda: self._playing == 0, timeout_s)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(_PATIENCE_S)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with (
            contextlib.suppress(_Ended, OSError, CutOffError, ValueError),
            connection,
            connection.makefile("rb") as source,
        ):
            reader = RequestReader(source, 0, record=False)
            if self._script.before_request:
                self._play(connection)
                _read(reader)
            while _read(reader):
                self._play(connection)

    def _play(self, connection: socket.socket) -> None:
        self._count(+1)
        try:
            for step in self._script.steps:
                _perform(step, connection)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._changed:
            self._playing += change
            self._changed.notify_all()


def _read(reader: RequestReader) -> bool:
    """Whether there was another request, which is then read."""
    request = reader.head()
    if request is None:
        return False
    reader.body(request, lambda _: True)
    return True


def _perform(step: Step, connection: socket.socket) -> None:
    """Raises _Ended, and OSError where the other side has closed."""
    match step:
        case bytes():
            connection.sendall(step)
        case Pause(seconds):
            time.sleep(seconds)
        case Slowly(data, pause_s):
            _send_slowly(connection, data, pause_s)
        case Endless():
            _send_endlessly(connection, step)
        case Silence():
            _await_close(connection)
        case Reset():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
            raise _Ended
        case Close():
            raise _Ended


def _send_slowly(connection: socket.socket, data: bytes, pause_s: float) -> None:
    for at in range(len(data)):
        connection.sendall(data[at : at + 1])
        time.sleep(pause_s)


def _send_endlessly(connection: socket.socket, step: Endless) -> None:
    block = step.data if step.pause_s else step.data * max(1, _BLOCK_BYTES // len(step.data))
    for _ in range(0, step.most_bytes, len(block)):
        connection.sendall(block)
        if step.pause_s:
            time.sleep(step.pause_s)
    _await_close(connection)


def _await_close(connection: socket.socket) -> None:
    while connection.recv(_BLOCK_BYTES):
        pass
    raise _Ended
