"""Steps may be killed anywhere: the batch goes on, and nothing is paid, answered or counted twice."""

from __future__ import annotations

import pytest

from tests.unit.batch_steps import batch_world, killed_batches


@pytest.mark.parametrize("every", [3, 4, 5])
@pytest.mark.parametrize("end", killed_batches.ENDS)
def test_killed_often(monkeypatch: pytest.MonkeyPatch, end: str, every: int) -> None:
    """Steps that are killed at every third, fourth or fifth write bring the batch to its end."""
    with batch_world.fresh(monkeypatch) as world:
        writes = killed_batches.check_one(world, end, lambda number: number % every == 0)
        assert writes > 2 * every
