"""Ends a function's process that hangs in C code, where no Python code can: docs/reliability.md.

WATCHDOG     the process's Watchdog: runs an invocation under the timer
watched      decorates a handler with it
named        calls a function in a frame whose name the traceback shows
named_items  the same for an iterator
"""

from watchdog_timer.frames import named, named_items
from watchdog_timer.watchdog import WATCHDOG, Watchdog, watched

__all__ = ["WATCHDOG", "Watchdog", "named", "named_items", "watched"]
