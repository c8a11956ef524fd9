"""The crew reports each trial that could not run."""

from __future__ import annotations

import itertools
import time

import pytest

from tests.hostile_upstream import crew, trials
from tests.hostile_upstream.crew import Crew
from tests.hostile_upstream.functions import Function
from tests.hostile_upstream.scenario import COMPLETES, Scenario


def test_a_function_that_does_not_start_is_told_of_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """If a function does not start, each of its trials raises at once."""

    class Broken(Function):
        def __enter__(self) -> Function:
            raise OSError("no port is free")

    monkeypatch.setattr(crew, "Function", Broken)
    scenarios = [Scenario(name, lambda honest: honest.counted(), COMPLETES) for name in "abc"]
    wanted, began = list(trials.of(scenarios, itertools.count(1))), time.monotonic()
    with Crew(wanted) as broken:
        for trial in wanted:
            with pytest.raises(RuntimeError, match="no port is free"):
                broken.seen(trial)
    assert time.monotonic() - began < 20
