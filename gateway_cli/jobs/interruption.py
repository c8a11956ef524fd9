"""Lets Ctrl-C and SIGTERM end work between two steps instead of within one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import click

from gateway_cli.jobs import exit_codes

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """`stop` is set when work is to end, for whatever reason; `asked` says that a signal was the reason."""

    def __init__(self) -> None:
        self.stop = Event()
        self.asked = False

    def __call__(self, *_: object) -> None:
        """The signal handler: the first signal stops in order, the second at once."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self.stop.set()


@contextmanager
def heeded() -> Iterator[Interruption]:
    """What the block has to look at from time to time."""
    interruption = Interruption()
    earlier = {number: signal.signal(number, interruption) for number in _SIGNALS}
    try:
        yield interruption
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def stopped(words: str = "Stopped. The same command goes on.") -> SystemExit:
    """What a command that was interrupted ends with, after it has said so."""
    click.echo(words, err=True)
    return SystemExit(exit_codes.INTERRUPTED)
