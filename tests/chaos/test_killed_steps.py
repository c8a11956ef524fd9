"""A batch's step is killed at each of its writes, one after the other."""

from __future__ import annotations

import pytest

from tests.unit.batch_steps import batch_world, killed_batches


@pytest.mark.parametrize("end", killed_batches.ENDS)
@pytest.mark.timeout(600)
def test_killed_at_each_write(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """Whichever write is the last one of a killed step, the batch has the same results and counts."""
    with batch_world.fresh(monkeypatch) as world:
        writes = killed_batches.check_one(world, end, lambda _: False)
        for last in range(1, writes + 1):
            killed_batches.check_one(world, end, last.__eq__)
