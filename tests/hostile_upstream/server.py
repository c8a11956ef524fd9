"""Takes Bedrock's place on a raw socket and plays scripts to every client."""

from __future__ import annotations

import json
import socket

from chat_gateway.guardrail.overrides import IDENTIFIER_HEADER, VERSION_HEADER
from tests.hostile_upstream import converse
from tests.hostile_upstream.loopback import LoopbackServer
from tests.hostile_upstream.playing import Player
from tests.hostile_upstream.script import Close, Script
from tests.runtime_api import Request
from tests.runtime_api.requests import CutOffError, RequestReader

_HONEST_CHECK = Script((converse.HonestCheck().counted(),))


class HostileServer(LoopbackServer):
    """Answers every request of the model by `script`, and those of ApplyGuardrail by `checks` of their source.

    A source without a script is checked honestly, and nothing is found. `guardrails` has the identifier and version of the
    guardrail of each request of the model, `checked` the bodies of the requests to check an answer.
    """

    def __init__(self) -> None:
        self.script, self.player = Script((Close(),)), Player()
        self.guardrails: list[tuple[str, str]] = []
        self.checks: dict[str, Script] = {}
        self.checked: list[str] = []

    def serve(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as source:
            reader = RequestReader(source, 0, record=False)
            if self.script.before_request:
                self.player.play(self.script, connection)
                _read(reader)
            while (request := _read(reader)) is not None:
                self.player.play(self._script(request), connection)

    def forget(self) -> None:
        """Forgets the requests so far."""
        self.guardrails.clear()
        self.checked.clear()

    def _script(self, request: Request) -> Script:
        if not request.path.startswith(converse.CHECK_PATH):
            self.guardrails.append(_guardrail(request))
            return self.script
        source = json.loads(request.body)["source"]
        if source == "OUTPUT":
            self.checked.append(request.body.decode())
        return self.checks.get(source, _HONEST_CHECK)


def _guardrail(request: Request) -> tuple[str, str]:
    """The guardrail in the headers, or in Converse's body."""
    in_headers = [request.header(name) for name in (IDENTIFIER_HEADER, VERSION_HEADER)]
    if any(in_headers):
        return in_headers[0] or "", in_headers[1] or ""
    config = json.loads(request.body).get("guardrailConfig", {})
    return config.get("guardrailIdentifier", ""), config.get("guardrailVersion", "")


def _read(reader: RequestReader) -> Request | None:
    """The next request, complete; None if none follows."""
    try:
        request = reader.head()
        if request is not None:
            reader.body(request, lambda _: True)
    except CutOffError:
        return None
    return request
