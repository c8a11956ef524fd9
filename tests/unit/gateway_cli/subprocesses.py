"""Python in its own process, with this process's modules."""

from __future__ import annotations

import os
import subprocess
import sys

_SAY_PEAK = """
from pathlib import Path as _Path
print(_Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def environment(**variables: str) -> dict[str, str]:
    """The environment variables of such a process, plus `variables`."""
    path = os.pathsep.join(folder for folder in sys.path if folder)
    return {**os.environ, "PYTHONPATH": path, **variables}


def count_and_peak_kib(script: str, *arguments: object) -> tuple[int, int]:
    """The number that `script` prints, and the peak memory of its process. On Linux only."""
    done = subprocess.run(
        [sys.executable, "-c", script + _SAY_PEAK, *map(str, arguments)],
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    count, peak_kib = map(int, done.stdout.split())
    return count, peak_kib
