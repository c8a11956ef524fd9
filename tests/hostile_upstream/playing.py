"""Plays scripts on connections."""

from __future__ import annotations

import socket
import struct
import threading
import time

from tests.hostile_upstream.script import Close, Endless, Frames, Pause, Reset, Script, Silence, Slowly, Step

_BLOCK_BYTES = 65_536
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


class Player:
    """Plays scripts on connections, and knows when all scripts have ended."""

    def __init__(self) -> None:
        self._playing, self._changed = 0, threading.Condition()

    def play(self, script: Script, connection: socket.socket) -> None:
        """Performs every step. Raises EOFError if a step ended the connection, OSError if the other side did."""
        self._count(+1)
        try:
            for step in script.steps:
                _perform(step, connection)
        finally:
            self._count(-1)

    def settle(self, timeout_s: float) -> bool:
        """Whether every script that was begun has ended; waits for that."""
        with self._changed:
            return self._changed.wait_for(lambda: self._playing == 0, timeout_s)

    def _count(self, change: int) -> None:
        with self._changed:
            self._playing += change
            self._changed.notify_all()


def _perform(step: Step, connection: socket.socket) -> None:
    match step:
        case bytes():
            connection.sendall(step)
        case Frames():
            connection.sendall(step.data)
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
            raise EOFError
        case Close():
            raise EOFError


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
    raise EOFError
