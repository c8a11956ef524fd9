"""The errors of the local stack that a developer can fix.

LocalError               a message of one line, and the log with more details
├── AlreadyRunningError  another run uses this checkout's state folder
├── MissingToolError     a tool that `make install` installs is missing
├── NotRunningError      no stack is running
├── SettingError         an environment variable has a value that cannot be used
├── PortInUseError       a port that an environment variable names is in use
├── ProcessEndedError    a process of the stack stopped by itself
├── NotReadyError        a process of the stack was not ready in time
├── CommandFailedError   a command (cdk) failed or took too long
└── CheckFailedError     the stack runs, but a check failed
"""

from __future__ import annotations

import re
from pathlib import Path

_SHOWN_LINES = 6
# Lines that do not explain a failure: jsii's notes about Node versions, with their frame, and cdk's notes about flags.
_NOISE = re.compile(r"^\s*$|^b'!!|^!!|feature flags are not configured|NodeVersionSupportWarning")


class LocalError(Exception):
    """`log_file` has more details; None if there are none."""

    def __init__(self, message: str, *, log_file: Path | None = None) -> None:
        super().__init__(message)
        self.log_file = log_file


class AlreadyRunningError(LocalError):
    """Another run uses this checkout's state folder."""


class MissingToolError(LocalError):
    """A tool that `make install` installs is missing."""


class NotRunningError(LocalError):
    """No stack is running."""


class SettingError(LocalError):
    """An environment variable has a value that cannot be used. The message names the variable."""


class PortInUseError(LocalError):
    """A port that an environment variable names is in use."""


class ProcessEndedError(LocalError):
    """A process of the stack stopped by itself."""


class NotReadyError(LocalError):
    """A process of the stack was not ready in time."""


class CommandFailedError(LocalError):
    """A command failed or took too long."""


class CheckFailedError(LocalError):
    """The stack runs, but a check failed."""


def report(error: LocalError) -> list[str]:
    """The lines for standard error: the message, then the log's last lines and its path."""
    lines = [f"error: {error}"]
    if error.log_file is None:
        return lines
    return [*lines, *(f"  | {line}" for line in last_lines(error.log_file)), f"log: {error.log_file}"]


def last_lines(log_file: Path, count: int = _SHOWN_LINES) -> list[str]:
    """The last useful lines of the log; empty if the log cannot be read."""
    try:
        text = log_file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if not _NOISE.search(line)][-count:]
