"""What a process has cost so far, read from /proc; None where there is none (macOS)."""

from __future__ import annotations

import os
from pathlib import Path


def cpu_s(pid: int | None) -> float | None:
    """Seconds of CPU in user and kernel mode, of all its threads."""
    stat = _read(pid, "stat")
    if stat is None:
        return None
    fields = stat.rpartition(")")[2].split()  # the name before may hold blanks
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid: int | None) -> float | None:
    """The most memory that was resident at once."""
    status = _read(pid, "status")
    if status is None:
        return None
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def _read(pid: int | None, name: str) -> str | None:
    path = Path(f"/proc/{pid}/{name}")
    return path.read_text() if pid is not None and path.exists() else None
