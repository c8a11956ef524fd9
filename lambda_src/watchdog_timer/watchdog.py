"""A kernel timer that kills this process unless Python code keeps resetting the timer."""

from __future__ import annotations

import faulthandler
import functools
import math
import os
import signal
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from watchdog_timer.frames import named

_Event = TypeVar("_Event")
_Context = TypeVar("_Context")
_Result = TypeVar("_Result")

# A process that hangs is killed after LIMIT_S at most, and not before LIMIT_S - BEAT_S.
LIMIT_S, BEAT_S = 25.0, 1.0
# Share of the function's remaining time, if less than LIMIT_S: Lambda's own timeout does not say where the process hung.
_SHARE_OF_TIME_LEFT = 0.8
_STDERR = 2


class Watchdog:
    """Kills the process if no Python code could run for `limit_s` seconds during `run`.

    A thread resets the timer every `beat_s` seconds. C code that holds the GIL stops that thread, and the timer
    expires: SIGALRM writes the traceback of every thread to stderr, without the GIL, and kills the process. The thread
    keeps running while the process waits for the network. `is_on` False: nothing is watched.
    """

    def __init__(self, *, limit_s: float = LIMIT_S, beat_s: float = BEAT_S, is_on: bool = True) -> None:
        self.limit_s, self.beat_s, self._is_on = limit_s, beat_s, is_on
        self._lock = threading.Lock()  # a beat must not set the timer of a run that has just ended
        self._timer_s = 0.0  # of the current run; 0 between runs
        self._beats: threading.Thread | None = None

    def run(
        self, name: str, call: Callable[..., _Result], *args: object, left_s: float = math.inf
    ) -> _Result:
        """Returns or raises what `call(*args)` does. One run at a time. The traceback shows `name`.

        `left_s`: the function's remaining time. With less than 2.5 times `beat_s`, nothing is watched.
        """
        timer_s = min(self.limit_s, _SHARE_OF_TIME_LEFT * left_s)
        # A timer that expires before a beat resets it would kill a healthy process.
        if not self._is_on or timer_s < 2 * self.beat_s:
            return call(*args)
        self._set(timer_s)
        try:
            return named(name, call, *args)
        finally:
            # Lambda freezes the process after the run. A timer left running would expire as soon as the process thaws.
            self._set(0.0)

    def _set(self, timer_s: float) -> None:
        if self._beats is None:
            self._start()
        with self._lock:
            self._timer_s = timer_s
            signal.setitimer(signal.ITIMER_REAL, timer_s)

    def _start(self) -> None:
        faulthandler.register(signal.SIGALRM, file=_STDERR, all_threads=True, chain=True)
        self._beats = threading.Thread(target=self._beat, name="watchdog_timer", daemon=True)
        self._beats.start()

    def _beat(self) -> None:
        while True:
            time.sleep(self.beat_s)
            with self._lock:
                if self._timer_s > 0:
                    signal.setitimer(signal.ITIMER_REAL, self._timer_s)


# On in Lambda only: a test runner or server may use SIGALRM itself.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
WATCHDOG = Watchdog(is_on="AWS_LAMBDA_FUNCTION_NAME" in os.environ)


def watched(handler: Callable[[_Event, _Context], _Result]) -> Callable[[_Event, _Context], _Result]:
    """The same handler, run by WATCHDOG below a frame that is named after Lambda's request id."""

    @functools.wraps(handler)
    def wrapper(event: _Event, context: _Context) -> _Result:
        name = f"invocation {getattr(context, 'aws_request_id', None)}"
        return WATCHDOG.run(name, handler, event, context, left_s=_left_s(context))

    return wrapper


def _left_s(context: object) -> float:
    left_ms: Callable[[], int] | None = getattr(context, "get_remaining_time_in_millis", None)
    return math.inf if left_ms is None else left_ms() / 1000
