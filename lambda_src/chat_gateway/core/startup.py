"""Builds what a function keeps between invocations, and keeps a wrong setting's error until a request can be told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from chat_gateway.core.errors import ConfigurationError

_State = TypeVar("_State")


class Startup(Generic[_State]):
    """What `build` returns, or the ConfigurationError that it raises. Raises whatever else `build` raises.

    It belongs into a function's import: Lambda gives that a full CPU, and restarts a function whose import fails.
    """

    __slots__ = ("_outcome",)

    def __init__(self, build: Callable[[], _State]) -> None:
        self._outcome: _State | ConfigurationError
        try:
            self._outcome = build()
        except ConfigurationError as error:
            self._outcome = error

    @property
    def state(self) -> _State:
        """Raises ConfigurationError where a setting is wrong."""
        if isinstance(self._outcome, ConfigurationError):
            raise self._outcome.with_traceback(None)  # else it grows with each request
        return self._outcome
