"""A missed target has a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks import known_misses, table, targets
from benchmarks.contenders import BARE
from benchmarks.memory_sizes import targets as memory_targets
from benchmarks.targets import Verdict
from tests import documents
from tests.unit.benchmarks import made_results
from tests.unit.benchmarks.memory_sizes import test_report

RESULTS = ("docs/performance/results.json", "docs/performance/memory.json")
SHORTEST = 40  # characters; a shorter text says nothing


def limits() -> dict[tuple[str, str], float]:
    """The limit of each target, by name and unit."""
    verdicts = targets.verdicts(made_results.a_full_run()) + memory_targets.verdicts(test_report.a_run())
    return {(verdict.name, verdict.unit): verdict.limit for verdict in verdicts}


def published() -> list[dict[str, Any]]:
    """The targets of the published results, without those that have changed since."""
    verdicts = [one for page in RESULTS for one in json.loads(documents.text(page))["targets"]]
    return [one for one in verdicts if limits().get((one["name"], one["unit"])) == one["limit"]]


@pytest.mark.parametrize("target", known_misses.REASONS, ids=" ".join)
def test_reasons_are_sentences(target: tuple[str, str]) -> None:
    """Each target that is known to be missed has a reason of at least one sentence."""
    reason = known_misses.REASONS[target]
    assert len(reason) >= SHORTEST
    assert reason.endswith(".")


@pytest.mark.parametrize("target", known_misses.REASONS, ids=" ".join)
def test_reasons_belong_to_targets(target: tuple[str, str]) -> None:
    """Each reason names a target."""
    assert target in limits()


def test_published_misses_have_a_reason() -> None:
    """No target is missed in the published results without a reason."""
    missed = {(verdict["name"], verdict["unit"]) for verdict in published() if not verdict["reached"]}
    assert missed <= known_misses.REASONS.keys()


def test_a_miss_says_why() -> None:
    """A missed target has its number and its reason, or says that the reason is not known; a reached one has none."""
    known = Verdict("cold start to /next", 1.9, 1.7, f"x {BARE}")
    lines = table.reasons([known, Verdict("another", 2.0, 1.0, "ms"), Verdict("reached", 1.0, 1.0, "ms")])
    said = [line for line in lines.splitlines() if line.startswith("- ")]
    assert said[0] == f"- MISSED: cold start to /next: 1.900 x {BARE} instead of 1.7. {known.why}"
    assert said[1].startswith("- MISSED: another: 2.000 ms instead of 1. The reason is not known yet.")
    assert len(said) == 2
    assert Verdict(known.name, 1.6, 1.7, known.unit).why == ""


def test_no_miss_no_list() -> None:
    """A run that reaches all targets has no list of reasons."""
    assert table.reasons([Verdict("reached", 1.0, 1.0, "ms")]) == ""
