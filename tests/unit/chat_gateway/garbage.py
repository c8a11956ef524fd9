"""Says whether an error waits for the garbage collector."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

from chat_gateway.core.errors import GatewayError


def keeps_error(ask: Callable[[], object]) -> bool:
    """Whether the error that `ask` raises still exists when nobody uses it: then it keeps itself, and what it refers to."""
    gc.disable()
    try:
        reference = _raised(ask)
        return reference() is not None
    finally:
        gc.enable()


def _raised(ask: Callable[[], object]) -> weakref.ref[GatewayError]:
    try:
        ask()
    except GatewayError as error:
        return weakref.ref(error)
    raise AssertionError("it raised nothing")
