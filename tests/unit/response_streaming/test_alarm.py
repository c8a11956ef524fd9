from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from response_streaming.alarm import Alarm

PATIENCE_S = 5


def now_s(later_s: float = 0.0) -> float:
    return time.monotonic() + later_s


@contextmanager
def calling_nothing(alarm: Alarm) -> Iterator[None]:
    """Occupies the alarm's thread, so that what is scheduled inside waits however slow the test is."""
    running, go_on = threading.Event(), threading.Event()

    def call() -> None:
        running.set()
        go_on.wait(PATIENCE_S)

    alarm.at(now_s(), call)
    assert running.wait(PATIENCE_S)
    yield
    go_on.set()


def test_functions_are_called_in_the_order_of_their_times() -> None:
    alarm, called, done = Alarm(), [], threading.Event()
    start_s = now_s()
    with calling_nothing(alarm):
        alarm.at(start_s + 0.02, done.set)
        alarm.at(start_s + 0.01, lambda: called.append(2))
        alarm.at(start_s, lambda: called.append(1))
    assert done.wait(PATIENCE_S)
    assert called == [1, 2]


def test_a_function_is_called_again_at_the_time_it_returns() -> None:
    alarm, called, done = Alarm(), [], threading.Event()

    def call() -> float | None:
        called.append(now_s())
        if len(called) < 3:
            return now_s(0.01)
        done.set()
        return None

    alarm.at(now_s(), call)
    assert done.wait(PATIENCE_S)
    assert called[2] - called[0] >= 0.02


def test_all_alarms_share_one_thread_that_starts_with_the_first() -> None:
    before = threading.active_count()
    alarm = Alarm()
    assert threading.active_count() == before
    entries = [alarm.at(now_s(60), lambda: None) for _ in range(100)]
    assert threading.active_count() == before + 1
    for entry in entries:
        entry.cancel()


def test_cancelled_function_is_not_called() -> None:
    """A cancelled function is not called, and cancelling it again changes nothing."""
    alarm, called, done = Alarm(), [], threading.Event()
    with calling_nothing(alarm):
        entry = alarm.at(now_s(), lambda: called.append(1))
        entry.cancel()
        entry.cancel()
        alarm.at(now_s(), done.set)
    assert done.wait(PATIENCE_S)
    assert called == []


def test_cancelling_waits_for_a_function_that_is_running() -> None:
    alarm, running, go_on, finished = Alarm(), threading.Event(), threading.Event(), []

    def call() -> float:
        running.set()
        go_on.wait(PATIENCE_S)
        finished.append(True)
        return now_s()  # would be called again

    entry = alarm.at(now_s(), call)
    assert running.wait(PATIENCE_S)

    def cancel() -> None:
        entry.cancel()
        finished.append(False)

    canceller = threading.Thread(target=cancel)
    canceller.start()
    assert finished == []
    go_on.set()
    canceller.join(PATIENCE_S)
    assert finished == [True, False]


def test_a_function_can_cancel_itself() -> None:
    alarm, called, done = Alarm(), [], threading.Event()
    start_s = now_s()

    def call() -> float:
        called.append(1)
        entry.cancel()
        return start_s  # would be called again before `done`

    with calling_nothing(alarm):
        entry = alarm.at(start_s, call)
        alarm.at(now_s(), done.set)
    assert done.wait(PATIENCE_S)
    assert called == [1]


def test_a_cancelled_alarm_keeps_nothing_alive() -> None:
    class Held:
        def call(self) -> None: ...

    alarm, held = Alarm(), Held()
    gone = weakref.ref(held)
    entry = alarm.at(now_s(60), held.call)
    entry.cancel()
    del held
    assert gone() is None


def test_a_function_that_raises_does_not_stop_the_others(capfd: pytest.CaptureFixture[str]) -> None:
    alarm, done = Alarm(), threading.Event()

    def call() -> None:
        raise ValueError("secret")

    alarm.at(now_s(), call)
    alarm.at(now_s(0.01), done.set)
    assert done.wait(PATIENCE_S)
    assert capfd.readouterr().err == "[ERROR] an alarm raised ValueError\n"
