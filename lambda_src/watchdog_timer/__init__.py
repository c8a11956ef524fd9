"""Kills a function's process that hangs in C code, where Python code cannot: docs/reliability.md.

WATCHDOG     the process's Watchdog, which runs an invocation under the timer
watched      decorates a handler with WATCHDOG
named        calls a function below a frame with a name for the traceback
named_items  the same for an iterator
"""

from watchdog_timer.frames import named, named_items
from watchdog_timer.watchdog import WATCHDOG, Watchdog, watched

__all__ = ["WATCHDOG", "Watchdog", "named", "named_items", "watched"]
