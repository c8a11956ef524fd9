"""The scenarios as a whole: each is different from the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count

import pytest

from tests.hostile_upstream import trials
from tests.hostile_upstream.scenario import Scenario
from tests.hostile_upstream.scenarios import KINDS
from tests.hostile_upstream.way import Way


@pytest.mark.parametrize("kind", KINDS)
def test_a_scenario_has_a_name_of_its_own(kind: str) -> None:
    """No two scenarios of a kind have the same name."""
    counts = Counter(scenario.name for scenario in KINDS[kind])
    assert counts.most_common(1)[0][1] == 1, counts.most_common(3)


def test_a_scenario_sends_what_no_other_does() -> None:
    """No two scenarios send the same bytes for the same way of asking."""
    senders: dict[int, list[str]] = {}
    for kind, scenarios in KINDS.items():
        for scenario in scenarios:
            for sent in _sent(scenario):
                senders.setdefault(sent, []).append(f"{kind}-{scenario.name}")
    assert not [names for names in senders.values() if len(names) > 1]


@pytest.mark.parametrize("kind", KINDS)
def test_half_of_the_jobs_are_delivered_for_the_last_time(kind: str) -> None:
    """In each kind of scenario, half of the jobs (rounded down) are at their last delivery."""
    are_last = [t.is_last_delivery for t in trials.of(KINDS[kind], count()) if t.way is Way.JOB]
    assert sum(are_last) == len(are_last) // 2


def _sent(scenario: Scenario) -> Iterator[int]:
    """A hash for each way, since the bytes themselves would fill the memory."""
    for way in scenario.ways:
        script = scenario.script(way)
        steps = tuple((type(step), step) for step in script.steps)
        yield hash(
            (way, steps, script.before_request, scenario.prompt_bytes, scenario.part, scenario.by_name)
        )
