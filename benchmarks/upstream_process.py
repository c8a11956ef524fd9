"""Runs the upstream in its own process, so that it does not share an interpreter with the benchmark."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def running() -> Iterator[str]:
    """Runs the upstream during the block. Yields its address (host:port)."""
    command = [sys.executable, "-m", "benchmarks.upstream"]
    # In its own session: Ctrl-C reaches only this process, which kills the upstream, so there is no traceback.
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        try:
            yield f"127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()
