"""Threads end at the end of work, at a failure, or when asked."""

from __future__ import annotations

import os
import signal
from itertools import count
from threading import Event

import pytest

from gateway_cli.jobs import interruption, parallel


def test_steps_are_taken_until_there_are_no_more() -> None:
    numbers, taken = count(), []

    def step() -> bool:
        number = next(numbers)
        taken.append(number)
        return number < 100

    parallel.run(step, threads=3, stop=Event(), watch=lambda: None)
    assert sorted(taken) == list(range(103))


def test_the_first_failure_ends_all_and_is_raised() -> None:
    stop, numbers = Event(), count()

    def step() -> bool:
        if next(numbers) == 5:
            raise ValueError("the fifth")
        return not stop.wait(0.001)

    with pytest.raises(ValueError, match="the fifth"):
        parallel.run(step, threads=3, stop=stop, watch=lambda: None)
    assert stop.is_set()


def test_a_failure_of_the_watcher_ends_all() -> None:
    stop = Event()

    def watch() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        parallel.run(lambda: not stop.wait(0.001), threads=2, stop=stop, watch=watch)
    assert stop.is_set()


def test_the_first_signal_asks_and_the_second_ends_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interruption.heeded() as heeded:
        os.kill(os.getpid(), signal.SIGINT)
        assert heeded.asked
        assert heeded.stop.is_set()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
