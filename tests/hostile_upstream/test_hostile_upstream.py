"""For any answer of the hostile server, the caller gets a completion or an OpenAI error, and nothing leaks."""

from __future__ import annotations

import itertools

import pytest

from tests.hostile_upstream import claims, trials
from tests.hostile_upstream.crew import Crew
from tests.hostile_upstream.scenarios import KINDS
from tests.hostile_upstream.trials import Trial

_NUMBERS = itertools.count(1)
TRIALS = [
    pytest.param(trial, id=f"{kind}-{trial.scenario.name}-{trial.way.value}")
    for kind, scenarios in KINDS.items()
    for trial in trials.of(scenarios, _NUMBERS)
]


@pytest.mark.parametrize("trial", TRIALS)
def test_hostile_answer(trial: Trial, crew: Crew) -> None:
    """There is a legitimate answer or error, one log line, no leak, a good next answer, and little memory use."""
    broken = claims.broken(trial, crew.seen(trial))
    assert not broken, f"{trial.scenario.name} ({trial.way.value}):\n" + "\n".join(broken)
