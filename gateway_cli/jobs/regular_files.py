"""Distinguishes regular files from devices, pipes, sockets and folders."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

_STANDARD_OUTPUT, _STANDARD_ERROR = 1, 2


def is_other(path: Path) -> bool:
    """Whether `path`, or the target of a symlink at `path`, exists and is not a regular file."""
    with suppress(OSError):  # nothing exists there, or opening it will raise the error
        return not stat.S_ISREG(path.stat().st_mode)
    return False


def is_standard_stream(path: Path) -> bool:
    """Whether standard output or standard error goes to the file at `path`."""
    return _is_open_as(_STANDARD_OUTPUT, path) or _is_open_as(_STANDARD_ERROR, path)


def _is_open_as(descriptor: int, path: Path) -> bool:
    with suppress(OSError):
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    return False
