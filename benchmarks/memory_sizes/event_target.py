"""A function that gets each request as its event, and is no chat function."""

from __future__ import annotations

from benchmarks import exchanges
from benchmarks.exchanges import Timing
from benchmarks.functions import Running

_PATIENCE_S = 60.0


class EventTarget:
    """The function under the Runtime API. Each of its answers must contain `good`."""

    def __init__(self, running: Running, *, good: bytes) -> None:
        self.name, self.pid = running.function.name, running.process.pid
        self._running, self._good = running, good

    def ask(self, body: bytes) -> Timing:
        """Sends the event, and reads the answer. Raises AssertionError if the answer is not a good one."""
        began_s, answer = exchanges.answered(self._running.api, body, within_s=_PATIENCE_S)
        if self._good not in answer.body:
            raise AssertionError(
                f"{self.name} answered {answer.body[:300]!r} {self._running.process.stdout[-2000:]}"
            )
        return Timing(answer.ended_s - began_s, answer.ended_s - began_s)
