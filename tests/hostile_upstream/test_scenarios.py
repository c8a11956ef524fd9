"""The scenarios as a whole: each is one of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.hostile_upstream.scenario import Scenario
from tests.hostile_upstream.scenarios import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_scenario_has_a_name_of_its_own(kind: str) -> None:
    """Within its kind no other has it."""
    counts = Counter(scenario.name for scenario in KINDS[kind])
    assert counts.most_common(1)[0][1] == 1, counts.most_common(3)


def test_a_scenario_sends_what_no_other_does() -> None:
    """Asked in the same way, no two of them send the same."""
    senders: dict[int, list[str]] = {}
    for kind, scenarios in KINDS.items():
        for scenario in scenarios:
            for sent in _sent(scenario):
                senders.setdefault(sent, []).append(f"{kind}-{scenario.name}")
    assert not [names for names in senders.values() if len(names) > 1]


def _sent(scenario: Scenario) -> Iterator[int]:
    """A hash for each way, since all that is sent would fill the memory."""
    for way in scenario.ways:
        script = scenario.script(way)
        steps = tuple((type(step), step) for step in script.steps)
        yield hash((way, steps, script.before_request, scenario.prompt_bytes, scenario.is_of_aws))
