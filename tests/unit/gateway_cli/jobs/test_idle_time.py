"""The waiting time of `jobs results` must be a usable number."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result


@pytest.mark.parametrize("idle_s", ["0", "-1", "inf", "nan", "1e9", "soon"])
@pytest.mark.parametrize("source", [("--all",), ("--count", "1")])
def test_idle_time_is_a_time(run: Callable[..., Result], source: tuple[str, ...], idle_s: str) -> None:
    """A waiting time that is not usable is a wrong option."""
    done = run("results", *source, "--out", "out.jsonl", "--idle-s", idle_s)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--idle-s" in done.stderr
