"""The timer runs only during an invocation."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from watchdog_timer import WATCHDOG

_SOURCES = Path(__file__).parents[3] / "lambda_src"
_WITHIN_S = 60
_HEAD = """
import signal, time
from watchdog_timer import Watchdog

def timer_s():
    return signal.getitimer(signal.ITIMER_REAL)[0]
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    """Runs `code` in its own process."""
    return subprocess.run(
        [sys.executable, "-c", _HEAD + code],
        env={"PYTHONPATH": str(_SOURCES)},
        capture_output=True,
        text=True,
        timeout=_WITHIN_S,
        check=False,
    )


def test_the_timer_runs_meanwhile_only() -> None:
    """Between invocations, when Lambda freezes the process, no timer is left to kill the next one."""
    ended = run(
        """
watchdog = Watchdog(limit_s=100)
assert watchdog.run("one", timer_s) > 90
assert timer_s() == 0
try:
    watchdog.run("two", lambda: 1 / 0)
except ZeroDivisionError:
    assert timer_s() == 0
    print("raised")
"""
    )
    assert (ended.stdout, ended.stderr) == ("raised\n", "")


def test_the_timer_is_in_time() -> None:
    """A stalled process ends within 30 s, and before a shorter function timeout, unless a beat is too late."""
    ended = run(
        """
assert 20 < Watchdog().run("one", timer_s) <= 25
assert 5 < Watchdog().run("one", timer_s, left_s=10) <= 9
assert Watchdog().run("one", timer_s, left_s=2) == 0
"""
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_late_beat_sets_no_timer() -> None:
    """A beat that is late does not set the timer of a run that has just ended."""
    ended = run(
        """
watchdog = Watchdog(limit_s=100, beat_s=0)
end_s = time.monotonic() + 1
while time.monotonic() < end_s:
    watchdog.run("run", int)
    assert timer_s() == 0
"""
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_traceback_shows_every_thread() -> None:
    """The traceback shows every thread, since the signal may interrupt another thread than the stalled one."""
    ended = run(
        """
import re, threading

def stall():
    re.match("(a+)+b", "a" * 100)

def wait_for_a_thread():
    thread = threading.Thread(target=stall)
    thread.start()
    thread.join()

Watchdog(limit_s=1, beat_s=0.1).run("the run", wait_for_a_thread)
"""
    )
    assert ended.returncode == -signal.SIGALRM
    assert " in stall\n" in ended.stderr
    assert " in the run\n" in ended.stderr


def test_elsewhere_it_is_off() -> None:
    """Outside a function's process the watchdog is off, since others use SIGALRM (this test runner, for one)."""
    before_s = signal.getitimer(signal.ITIMER_REAL)[0]
    during_s = WATCHDOG.run("run", signal.getitimer, signal.ITIMER_REAL)[0]
    assert before_s >= during_s >= before_s - 10
    assert (before_s == 0) == (during_s == 0)
