"""Steps may be killed anywhere: the batch goes on, and nothing is paid, answered or counted twice."""

from __future__ import annotations

import itertools
import random

import pytest

from batch_steps import answers
from tests.unit.batch_steps import batch_world, killed_batches


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("end", killed_batches.ENDS)
def test_killed_often(monkeypatch: pytest.MonkeyPatch, end: str, seed: int) -> None:
    """A step that is killed at every fifth write, on average, or that has little time, brings the batch to its end."""
    chance, kills = random.Random(seed), []  # noqa: S311 - for tests only

    def is_killed(write: int) -> bool:
        kills.append(chance.random() < 0.2)
        return kills[-1]

    monkeypatch.setattr(answers, "MAX_KEYS", 4)
    ticks = itertools.count()
    with batch_world.fresh(monkeypatch) as world:
        world.timer = lambda: next(ticks) * 5.0
        killed_batches.check_one(world, end, is_killed)
    assert sum(kills) > 1
