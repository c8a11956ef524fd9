"""Says whether an error keeps itself, and so the request, until the garbage collector comes."""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Callable, Iterator

from chat_gateway.core.errors import GatewayError


@contextlib.contextmanager
def no_collector() -> Iterator[None]:
    """Without the garbage collector."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def keeps_error(ask: Callable[[], object]) -> bool:
    """Whether the error that `ask` raises still exists when nobody uses it."""
    with no_collector():
        return _raised(ask)() is not None


def _raised(ask: Callable[[], object]) -> weakref.ref[GatewayError]:
    try:
        ask()
    except GatewayError as error:
        return weakref.ref(error)
    raise AssertionError("it raised nothing")
