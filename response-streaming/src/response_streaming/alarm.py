"""Calls functions at set times, on one daemon thread for the whole process."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable

_LONGEST_WAIT_S = 3600.0  # threading refuses to wait for ever by number


class Cancel:
    """An alarm that was set."""

    __slots__ = ("_drop", "call", "cancelled", "when_s")

    def __init__(
        self, when_s: float, call: Callable[[], float | None], drop: Callable[[Cancel], None]
    ) -> None:
        self.when_s, self.call, self.cancelled = when_s, call, False
        self._drop = drop

    def cancel(self) -> None:
        """Returns once the function cannot run any more, waiting for it if it is just running.

        On the alarm's own thread it does not wait. Cancelling again changes nothing.
        """
        self._drop(self)


class Alarm:
    """Calls functions at set times on one daemon thread, which starts with the first of them.

    A function must be quick, since it holds up the others. If it raises, a line on stderr says so.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._pending: set[Cancel] = set()  # few: whoever sets an alarm cancels it when done
        self._running: Cancel | None = None
        self._wakes_at_s = math.inf
        self._thread: threading.Thread | None = None

    def at(self, when_s: float, call: Callable[[], float | None]) -> Cancel:
        """Calls `call` at `when_s` (time.monotonic), and again at the time it returns, if it returns one."""
        entry = Cancel(when_s, call, self._drop)
        with self._changed:
            self._pending.add(entry)
            if self._thread is None:
                self._start()
            elif when_s < self._wakes_at_s:
                self._changed.notify_all()
        return entry

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="response_streaming alarm", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            self._ring(self._next_due())  # no variable: it would keep the entry alive until the next one

    def _next_due(self) -> Cancel:
        with self._changed:
            while True:
                first = min(self._pending, key=lambda entry: entry.when_s, default=None)
                wait_s = _LONGEST_WAIT_S if first is None else first.when_s - time.monotonic()
                if first is not None and wait_s <= 0:
                    self._pending.discard(first)
                    self._running = first
                    return first
                self._wakes_at_s = math.inf if first is None else first.when_s
                self._changed.wait(min(wait_s, _LONGEST_WAIT_S))
                self._wakes_at_s = -math.inf  # awake: it looks for itself

    def _ring(self, entry: Cancel) -> None:
        again_s = None
        try:
            again_s = entry.call()
        except Exception as error:  # noqa: BLE001 - the thread must survive for the other alarms
            print(f"[ERROR] an alarm raised {type(error).__qualname__}", file=sys.stderr, flush=True)
        with self._changed:
            self._running = None
            if again_s is not None and not entry.cancelled:
                entry.when_s = again_s
                self._pending.add(entry)
            self._changed.notify_all()

    def _drop(self, entry: Cancel) -> None:
        with self._changed:
            entry.cancelled = True
            entry.call = _nothing  # whatever the function holds is free from here on
            self._pending.discard(entry)
            while self._running is entry and threading.current_thread() is not self._thread:
                self._changed.wait()


def _nothing() -> None:
    return None


ALARM = Alarm()
