"""The CPU time and peak memory of a process so far; None if the system does not provide them (macOS)."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from pathlib import Path

_LIBC = ctypes.CDLL(None)


def cpu_s(pid: int | None) -> float | None:
    """Seconds of CPU time of all threads, in user and kernel mode, in units of a nanosecond.

    https://man7.org/linux/man-pages/man3/clock_getcpuclockid.3.html
    """
    if pid is None or not hasattr(_LIBC, "clock_getcpuclockid"):
        return None
    clock = ctypes.c_int()
    failed = _LIBC.clock_getcpuclockid(pid, ctypes.byref(clock))
    return None if failed else time.clock_gettime(clock.value)


def asked(pid: int | None, ask: Callable[[], float]) -> tuple[float, float | None]:
    """The seconds that `ask` returns, and the process's CPU time for it. The process must be idle before and after it."""
    before_s = cpu_s(pid)
    took_s = ask()
    after_s = cpu_s(pid)
    return took_s, None if before_s is None or after_s is None else after_s - before_s


def peak_mib(pid: int | None) -> float | None:
    """The peak resident memory in MiB."""
    path = Path(f"/proc/{pid}/status")
    if pid is None or not path.exists():
        return None
    peak = next(line for line in path.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024
