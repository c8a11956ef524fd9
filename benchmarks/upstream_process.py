"""Runs the upstream in a process of its own, so that it shares no interpreter with what measures."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running() -> Iterator[str]:
    """Its address (host:port) for as long as it is entered."""
    command = [sys.executable, "-m", "benchmarks.upstream"]
    # In a session of its own: Ctrl-C ends it through us, and it prints no traceback.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        try:
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()
