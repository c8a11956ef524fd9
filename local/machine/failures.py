"""What can go wrong with the local stack in ways a developer can put right.

LocalError               one line to print, and the log that tells more
├── AlreadyRunningError  another run holds this checkout's state folder
├── MissingToolError     something that `make install` brings is not there
├── NotRunningError      there is no running stack to ask
├── SettingError         an environment variable holds what cannot be used
├── PortInUseError       a port that the environment names is taken
├── ProcessEndedError    a process of the stack stopped by itself
├── NotReadyError        a process of the stack did not become ready in time
├── CommandFailedError   a command (cdk) failed or took too long
└── CheckFailedError     the stack runs, but did not do what it should
"""

from __future__ import annotations

import re
from pathlib import Path

_SHOWN_LINES = 6
# A frame of these surrounds jsii's notes about Node versions; what cdk prints about flags is no cause either.
_NOISE = re.compile(r"^\s*$|^b'!!|^!!|feature flags are not configured|NodeVersionSupportWarning")


class LocalError(Exception):
    """`log_file` is where to read more, None where there is nothing more."""

    def __init__(self, message: str, *, log_file: Path | None = None) -> None:
        super().__init__(message)
        self.log_file = log_file


class AlreadyRunningError(LocalError):
    """Another run holds this checkout's state folder."""


class MissingToolError(LocalError):
    """Something that `make install` brings is not there."""


class NotRunningError(LocalError):
    """There is no running stack to ask."""


class SettingError(LocalError):
    """An environment variable holds what cannot be used; the message names it."""


class PortInUseError(LocalError):
    """A port that the environment names is taken."""


class ProcessEndedError(LocalError):
    """A process of the stack stopped by itself."""


class NotReadyError(LocalError):
    """A process of the stack did not become ready in time."""


class CommandFailedError(LocalError):
    """A command failed or took too long."""


class CheckFailedError(LocalError):
    """The stack runs, but did not do what it should."""


def report(error: LocalError) -> list[str]:
    """The lines for standard error: the message, then the log's last lines and where it is."""
    lines = [f"error: {error}"]
    if error.log_file is None:
        return lines
    return [*lines, *(f"  | {line}" for line in last_lines(error.log_file)), f"log: {error.log_file}"]


def last_lines(log_file: Path, count: int = _SHOWN_LINES) -> list[str]:
    """The log's last lines that say something; none where it cannot be read."""
    try:
        text = log_file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line.rstrip() for line in text.splitlines() if not _NOISE.search(line)][-count:]
