"""The CPU time and memory of a process."""

from __future__ import annotations

import os
import sys
import time

import pytest

from benchmarks import process_costs

_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it of another process")


@_LINUX
def test_cpu_time_is_exact() -> None:
    """A request of less than a hundredth of a second shows in its process's CPU time."""
    before_s = time.process_time()
    measured_s = process_costs.cpu_s(os.getpid())
    assert measured_s is not None
    assert before_s <= measured_s <= time.process_time()


@_LINUX
def test_peak_memory_is_in_mib() -> None:
    """A Python interpreter's peak is more than a MiB and less than a GiB."""
    measured_mib = process_costs.peak_mib(os.getpid())
    assert measured_mib is not None
    assert 1 < measured_mib < 1024


def test_no_process_has_no_costs() -> None:
    """Rows without a process of their own are left out of the tables."""
    assert process_costs.cpu_s(None) is None
    assert process_costs.peak_mib(None) is None
