"""Stands in Bedrock's place on a raw socket and plays a script to whoever asks."""

from __future__ import annotations

import socket
import threading

from tests.hostile_upstream import playing
from tests.hostile_upstream.loopback import LoopbackServer
from tests.hostile_upstream.script import Close, Script
from tests.runtime_api.requests import CutOffError, RequestReader


class HostileServer(LoopbackServer):
    """Plays one script to every request until another is set."""

    def __init__(self) -> None:
        self._script, self._playing = Script((Close(),)), 0
        self._changed = threading.Condition()

    def play(self, script: Script) -> None:
        """Answers every request by `script` from now on."""
        self._script = script

    def settle(self, timeout_s: float) -> bool:
        """Whether every script that was begun has ended, waiting for it."""
        with self._changed:
            return self._changed.wait_for(lambda: self._playing == 0, timeout_s)

    def serve(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as source:
            reader = RequestReader(source, 0, record=False)
            if self._script.before_request:
                self._play(connection)
                _read(reader)
            while _read(reader):
                self._play(connection)

    def _play(self, connection: socket.socket) -> None:
        self._count(+1)
        try:
            playing.play(self._script, connection)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._changed:
            self._playing += change
            self._changed.notify_all()


def _read(reader: RequestReader) -> bool:
    """Whether there was another request, which is then read."""
    try:
        request = reader.head()
        if request is None:
            return False
        reader.body(request, lambda _: True)
    except CutOffError:
        return False
    return True
