"""The share of a processor that Lambda gives a function by its memory size."""

from __future__ import annotations

# A function has this much memory for one vCPU, and a part of one in proportion:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
FULL_MIB = 1769
SIZES_MIB = (128, 192, 256, 384, 512, 1024, FULL_MIB)
# The quota counts anew after this time. AWS does not publish its own period. With 100 ms, the kernel's default, a function
# that used up its quota waits five times as long.
PERIOD_US = 20_000


def quota_us(memory_mib: int) -> int:
    """The processor time in each period."""
    return round(PERIOD_US * memory_mib / FULL_MIB)
