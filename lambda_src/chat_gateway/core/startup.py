"""Builds a function's state once, and keeps the error of a wrong setting to report it to each request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from chat_gateway.core.errors import ConfigurationError

_State = TypeVar("_State")


class Startup(Generic[_State]):
    """The state that `build` returns, or the ConfigurationError that it raises. Other exceptions are raised.

    Create it at import: Lambda gives the import a full CPU, and restarts a function whose import fails.
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
        """The state. Raises ConfigurationError if a setting is wrong."""
        if isinstance(self._outcome, ConfigurationError):
            raise self._outcome.with_traceback(None)  # else the traceback grows with each request
        return self._outcome
