"""The most memory that a process has held at once."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

# Of a function's process; its least memory size is larger.
MOST_BYTES = 200 * 1024 * 1024
_PEAK = re.compile(r"VmHWM:\s+([0-9]+) kB")


def reset_peak(pid: int) -> None:
    """Begins anew: https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html"""
    with contextlib.suppress(OSError):  # it has died
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_bytes(pid: int) -> int:
    """The peak of its resident memory since then; 0 where it has died."""
    with contextlib.suppress(OSError):
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) * 1024 if found else 0
    return 0
