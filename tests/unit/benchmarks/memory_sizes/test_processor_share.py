"""The processor time of each memory size."""

from __future__ import annotations

import pytest

from benchmarks.memory_sizes import processor_share


@pytest.mark.parametrize(("memory_mib", "quota_us"), [(128, 1447), (512, 5789), (1769, 20_000)])
def test_quota(memory_mib: int, quota_us: int) -> None:
    """1,769 MB have a whole processor, and other sizes a part in proportion."""
    assert processor_share.quota_us(memory_mib) == quota_us


def test_quotas_are_allowed() -> None:
    """Linux takes no quota below a millisecond."""
    assert min(processor_share.quota_us(size) for size in processor_share.SIZES_MIB) >= 1000
