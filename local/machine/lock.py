"""A lock that allows one run at a time in a state folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import lock_descriptor

from local.machine.failures import AlreadyRunningError
from local.machine.paths import StateFolder


@contextmanager
def exclusive(state: StateFolder) -> Iterator[None]:
    """Locks the folder during the block. The lock also ends with this process. Raises AlreadyRunningError."""
    state.path.mkdir(parents=True, exist_ok=True)
    with state.lock.open("a") as lock:
        if not lock_descriptor(lock.fileno(), blocking=False):
            raise AlreadyRunningError(
                "The local stack is already running in this checkout. Use it, or stop it first with Ctrl-C."
            )
        yield
