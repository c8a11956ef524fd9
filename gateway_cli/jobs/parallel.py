"""Repeats a step in several threads."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

_WATCH_EVERY_S = 0.1


def run(step: Callable[[], bool], *, threads: int, stop: Event, watch: Callable[[], None]) -> None:
    """Calls `step` in each thread until it returns False or `stop` is set. Raises the first exception of a thread.

    `watch` is called in this thread, about ten times a second and at the end. An exception sets `stop`.
    """
    failures: list[Exception] = []

    def work() -> None:
        try:
            while not stop.is_set() and step():
                pass
        except Exception as error:  # noqa: BLE001 - raised in the caller's thread
            failures.append(error)
            stop.set()

    started = [Thread(target=work, daemon=True) for _ in range(threads)]
    try:
        for thread in started:
            thread.start()
        while alive := [thread for thread in started if thread.is_alive()]:
            alive[0].join(_WATCH_EVERY_S)
            watch()
    except BaseException:
        stop.set()
        raise
    watch()
    if failures:
        raise failures[0]
