"""The peak memory of a process."""

from __future__ import annotations

import contextlib
from pathlib import Path

from benchmarks import process_costs

# Of a function's process; its least memory size is larger.
MOST_MIB = 200


def reset_peak(pid: int) -> None:
    """Starts a new measurement: https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html"""
    with contextlib.suppress(OSError):  # it has died
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_mib(pid: int) -> float:
    """The peak of the process's resident memory since then; 0 if it has died."""
    with contextlib.suppress(OSError, StopIteration):  # a dead process has no such line
        return process_costs.peak_mib(pid) or 0.0
    return 0.0
