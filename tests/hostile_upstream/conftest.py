"""Runs the trials of the collected tests, several at a time, and gives each test its trial's outcome."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.hostile_upstream.crew import Crew
from tests.hostile_upstream.trials import Trial


@pytest.fixture(scope="session")
def crew(request: pytest.FixtureRequest) -> Iterator[Crew]:
    """Runs every trial that this run has collected."""
    found = (_trial(item) for item in request.session.items)
    with Crew(trial for trial in found if trial is not None) as made:
        yield made


def _trial(item: pytest.Item) -> Trial | None:
    trial = item.callspec.params.get("trial") if hasattr(item, "callspec") else None
    return trial if isinstance(trial, Trial) else None
