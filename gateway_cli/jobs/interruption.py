"""Makes Ctrl-C and SIGTERM end work between two steps, not within one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import click

from gateway_cli.jobs import exit_codes

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """`stop` is set when the work must end for any reason. `asked` is true if the reason is a signal."""

    def __init__(self) -> None:
        self.stop = Event()
        self.asked = False

    def __call__(self, *_: object) -> None:
        """The signal handler. The first signal stops the work in order, the second stops it at once."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        self.stop.set()


@contextmanager
def heeded() -> Iterator[Interruption]:
    """Handles the signals during the block, which must check `stop` from time to time."""
    interruption = Interruption()
    earlier = {number: signal.signal(number, interruption) for number in _SIGNALS}
    try:
        yield interruption
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def stopped(words: str = "Stopped. Run the same command again to continue.") -> SystemExit:
    """Prints `words`, and returns the exception that ends an interrupted command."""
    click.echo(words, err=True)
    return SystemExit(exit_codes.INTERRUPTED)
