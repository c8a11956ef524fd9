"""Collects the answers of very many lines."""

from __future__ import annotations

from typing import Any

import pytest

from gateway_cli.jobs import collection
from gateway_cli.jobs.expected_lines import ExpectedLines


def test_waits_grow_with_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait between two reads grows with the missing lines and the reads without news, up to a minute."""
    monkeypatch.setattr(collection, "FIRST_WAIT_S", 0.5)

    def wait_s(missing: int, quiet: int) -> float:
        expected = ExpectedLines(range(missing))
        places: Any = None
        return collection.Collection(places, "id", expected)._wait_s(quiet)

    assert [wait_s(1, quiet) for quiet in (0, 1, 2, 3, 100)] == [0.5, 1, 2, 4, 60]
    assert [wait_s(missing, 0) for missing in (500, 20_000, 100_000)] == [0.5, 20, 60]
