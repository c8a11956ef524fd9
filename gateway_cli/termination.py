"""Makes SIGTERM and a closed terminal end a command like Ctrl-C, so that the command cleans up."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

# Windows has no SIGHUP, the signal of a closed terminal.
_SIGNALS: tuple[signal.Signals, ...] = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def as_keyboard_interrupt() -> Iterator[None]:
    """Raises KeyboardInterrupt in the block on either signal. A signal that is ignored, as under nohup, stays ignored."""
    ours = [number for number in _SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
