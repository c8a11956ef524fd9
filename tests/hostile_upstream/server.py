"""Takes Bedrock's place on a raw socket and plays a script to every client."""

from __future__ import annotations

import socket

from tests.hostile_upstream.loopback import LoopbackServer
from tests.hostile_upstream.playing import Player
from tests.hostile_upstream.script import Close, Script
from tests.runtime_api.requests import CutOffError, RequestReader


class HostileServer(LoopbackServer):
    """Answers every request by `script`. `asked` counts the requests."""

    def __init__(self) -> None:
        self.script, self.player, self.asked = Script((Close(),)), Player(), 0

    def serve(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as source:
            reader = RequestReader(source, 0, record=False)
            if self.script.before_request:
                self.player.play(self.script, connection)
                _read(reader)
            while _read(reader):
                self.asked += 1
                self.player.play(self.script, connection)


def _read(reader: RequestReader) -> bool:
    """Whether there was another request, which has then been read."""
    try:
        request = reader.head()
        if request is None:
            return False
        reader.body(request, lambda _: True)
    except CutOffError:
        return False
    return True
