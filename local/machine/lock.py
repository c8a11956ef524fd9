"""One run at a time in a state folder."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from local.machine.failures import AlreadyRunningError
from local.machine.paths import StateFolder


@contextmanager
def exclusive(state: StateFolder) -> Iterator[None]:
    """Holds the folder until the block ends, however this process ends. Raises AlreadyRunningError."""
    state.path.mkdir(parents=True, exist_ok=True)
    with state.lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(
                "The local stack is already running in this checkout: use it, or stop it first with Ctrl-C."
            ) from None
        yield
