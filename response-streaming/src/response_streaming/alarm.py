"""Calls functions at given times, on one daemon thread for the whole process."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections.abc import Callable

_LONGEST_WAIT_S = 3600.0  # threading does not accept an infinite timeout


class Cancel:
    """A scheduled call."""

    __slots__ = ("_drop", "call", "cancelled", "when_s")

    def __init__(
        self, when_s: float, call: Callable[[], float | None], drop: Callable[[Cancel], None]
    ) -> None:
        self.when_s, self.call, self.cancelled = when_s, call, False
        self._drop = drop

    def cancel(self) -> None:
        """Cancels the call. If the function is running now, waits until it has ended.

        On the alarm's own thread it does not wait. A second call does nothing.
        """
        self._drop(self)


class Alarm:
    """Calls functions at given times on one daemon thread, which starts with the first call to `at`.

    A function must be quick, since it delays the others. If it raises, a line on stderr says so.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._pending: set[Cancel] = set()  # small: users cancel their alarms
        self._running: Cancel | None = None
        self._wakes_at_s = math.inf
        self._thread: threading.Thread | None = None

    def at(self, when_s: float, call: Callable[[], float | None]) -> Cancel:
        """Calls `call` at `when_s` (on time.monotonic()), and again at the time that `call` returns, unless None."""
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
            self._ring(self._next_due())  # a variable would keep the entry alive until the next one

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
                self._wakes_at_s = -math.inf  # awake: no need to notify it

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
            entry.call = _nothing  # frees what the function refers to
            self._pending.discard(entry)
            while self._running is entry and threading.current_thread() is not self._thread:
                self._changed.wait()


def _nothing() -> None:
    return None


ALARM = Alarm()
