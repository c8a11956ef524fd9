"""Which timers the watchdog sets, in this process: the kernel's timer is the test runner's here."""

from __future__ import annotations

import faulthandler
import math
import queue
import signal
import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from watchdog_timer import Watchdog, watched

WITHIN_S = 10.0
THREAD = "watchdog_timer"


class Timer:
    """Records how the timer is set, and decides when the watchdog's thread wakes up.

    `set_s` are the seconds of each call, and `registered` are the arguments of faulthandler.register.
    """

    def __init__(self) -> None:
        self.set_s: list[float] = []
        self.registered: list[tuple[object, ...]] = []
        self._sleeps_s: queue.SimpleQueue[float] = queue.SimpleQueue()
        self._wakes: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def set(self, which: int, seconds: float) -> None:
        assert which == signal.ITIMER_REAL
        self.set_s.append(seconds)

    def register(self, number: int, **options: object) -> None:
        self.registered.append((number, options))

    def sleep(self, seconds: float) -> None:
        """What the watchdog's thread calls."""
        self._sleeps_s.put(seconds)
        if not self._wakes.get():
            raise SystemExit

    def beat(self) -> float:
        """Wakes the thread up and waits until it sleeps again. Returns the seconds that it wanted to sleep."""
        seconds = self._sleeps_s.get(timeout=WITHIN_S)
        self._wakes.put(True)
        self._sleeps_s.put(self._sleeps_s.get(timeout=WITHIN_S))
        return seconds

    def end(self) -> None:
        """Ends the threads that sleep."""
        asleep = threads()
        for _ in asleep:
            self._wakes.put(False)
        for thread in asleep:
            thread.join(WITHIN_S)
            assert not thread.is_alive()


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


@pytest.fixture
def timer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Timer]:
    made = Timer()
    monkeypatch.setattr(signal, "setitimer", made.set)
    monkeypatch.setattr(faulthandler, "register", made.register)
    monkeypatch.setattr("watchdog_timer.watchdog.time", made)
    # Python's own hook, for which SystemExit is the ordinary end of a thread.
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)
    yield made
    made.end()


def test_set_and_set_back(timer: Timer) -> None:
    """The timer runs for 25 s while the call does, and is off when the call has returned."""

    def call(one: int, two: int) -> tuple[int, list[float]]:
        return one + two, list(timer.set_s)

    assert Watchdog().run("run", call, 1, 2) == (3, [25.0])
    assert timer.set_s == [25.0, 0.0]


def test_set_back_after_an_exception(timer: Timer) -> None:
    """The timer is off when the call has raised."""
    with pytest.raises(ZeroDivisionError):
        Watchdog(limit_s=7).run("run", lambda: 1 / 0)
    assert timer.set_s == [7.0, 0.0]


@pytest.mark.parametrize(
    ("left_s", "set_s"),
    [
        (math.inf, [25.0, 0.0]),
        (100.0, [25.0, 0.0]),
        (31.25, [25.0, 0.0]),
        (30.0, [24.0, 0.0]),
        (10.0, [8.0, 0.0]),
        (2.5, [2.0, 0.0]),
        (2.4, []),
        (0.0, []),
    ],
)
def test_the_functions_time(timer: Timer, left_s: float, set_s: list[float]) -> None:
    """The timer takes 80 % of the function's time left, 25 s at most; below two beats of 1 s there is none."""
    assert Watchdog().run("run", "result".upper, left_s=left_s) == "RESULT"
    assert timer.set_s == set_s


def test_off(timer: Timer) -> None:
    """A watchdog that is off sets no timer, registers no handler and starts no thread."""
    assert Watchdog(is_on=False).run("run", threads) == []
    assert (timer.set_s, timer.registered) == ([], [])


def test_a_beat_during_a_run(timer: Timer) -> None:
    """Each second of a run sets the timer back to its full time."""
    watchdog = Watchdog()
    assert watchdog.run("run", lambda: [timer.beat(), timer.beat()], left_s=10) == [1.0, 1.0]
    assert timer.set_s == [8.0, 8.0, 8.0, 0.0]


def test_a_beat_between_runs(timer: Timer) -> None:
    """A beat after a run sets no timer; in the next run it sets that run's timer."""
    watchdog = Watchdog()
    watchdog.run("one", int)
    timer.beat()
    assert timer.set_s == [25.0, 0.0]
    watchdog.run("two", timer.beat, left_s=5)
    assert timer.set_s == [25.0, 0.0, 4.0, 4.0, 0.0]


def test_one_thread(timer: Timer) -> None:
    """Many runs share one thread, which does not keep the process alive, and one handler of the signal."""
    watchdog = Watchdog()
    for _ in range(3):
        watchdog.run("run", int)
    (thread,) = threads()
    assert thread.daemon
    assert timer.registered == [(signal.SIGALRM, {"file": 2, "all_threads": True, "chain": True})]


@dataclass(frozen=True)
class Context:
    aws_request_id: str = "request-1"

    def get_remaining_time_in_millis(self) -> int:
        return 20_000


@pytest.mark.parametrize(
    ("context", "name", "timer_s"),
    [(Context(), "invocation request-1", 16.0), (object(), "invocation None", 25.0)],
    ids=["Lambda's", "another"],
)
def test_watched(
    timer: Timer, monkeypatch: pytest.MonkeyPatch, context: object, name: str, timer_s: float
) -> None:
    """A watched handler runs in a frame with the request's id, under a timer for the time the context has left."""
    monkeypatch.setattr("watchdog_timer.watchdog.WATCHDOG", Watchdog())

    @watched
    def handler(event: str, context: object) -> tuple[str, object, list[str]]:
        return event, context, [frame.name for frame in traceback.extract_stack()]

    *arguments, frames = handler("event", context)
    assert arguments == ["event", context]
    assert name in frames
    assert timer.set_s == [timer_s, 0.0]
    assert handler.__name__ == "handler"
