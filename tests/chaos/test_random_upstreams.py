"""Thousands of randomly distorted answers in place of Bedrock's."""

from __future__ import annotations

import itertools
import os

import pytest

from tests.hostile_upstream import claims, trials
from tests.hostile_upstream.crew import Crew
from tests.hostile_upstream.random_scenarios import scenarios

SEED = int(os.environ.get("HOSTILE_SEED", "1"))
SCENARIOS = 1_000


@pytest.mark.timeout(900)
def test_random_upstreams() -> None:
    """No randomly distorted answer leaks, crashes or hangs a function. HOSTILE_SEED gives other answers."""
    tried = list(trials.of(scenarios(SEED, SCENARIOS), itertools.count(1)))
    with Crew(tried) as crew:
        broken = {trial: claims.broken(trial, crew.seen(trial)) for trial in tried}
    told = [f"{t.scenario.name} ({t.way.value}): {wrong}" for t, wrong in broken.items() if wrong]
    assert not told, "\n".join(told)
