"""Checks an input file and shows the progress."""

from __future__ import annotations

import os
from io import BufferedReader
from typing import TYPE_CHECKING

from gateway_cli.jobs import input_check, screen

if TYPE_CHECKING:
    from gateway_cli.jobs.input_check import CheckedInput
    from gateway_cli.jobs.interruption import Interruption


def checked(file: BufferedReader, heeded: Interruption) -> CheckedInput | None:
    """The checked file; None if the check was interrupted. Raises FileChangedError."""
    size_bytes = os.fstat(file.fileno()).st_size
    with screen.progress("Checking", size_bytes, in_bytes=True) as bar:
        return input_check.check(file, read_bytes=bar, stopped=heeded.stop.is_set)
