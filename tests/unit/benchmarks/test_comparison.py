"""The report on the measured rounds of a comparison."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import __main__ as command
from benchmarks import (
    comparison,
    comparison_table,
    converse_model,
    limited_client,
    named_model,
    paired_rounds,
    worktree,
)
from benchmarks.cold import ColdStart
from benchmarks.comparison import Compared
from benchmarks.contenders import DIRECT
from benchmarks.describe_functions import AUTHORIZER, CHAT, WORKER
from benchmarks.failures import CannotCompareError
from benchmarks.results import ColdStarts, Results, Size
from benchmarks.rows import ROWS
from benchmarks.sides import BEFORE, NOW
from benchmarks.warm import Series
from benchmarks.worktree import Commit

COMMIT = Commit("0" * 40, "0000000 Before it")
MEASURED = st.floats(min_value=0.01, max_value=1000)


def a_series(scale: float) -> Series:
    return Series(
        p50_ms=10 * scale,
        p90_ms=12 * scale,
        p99_ms=15 * scale,
        first_byte_p50_ms=5 * scale,
        event_delay_us=50 * scale,
        cpu_s_per_1000=8 * scale,
        peak_mib=30 * scale,
    )


def a_round(*, now: float = 1.0, load: float = 1.0) -> Results:
    """A round in which the present functions take `now` times as long, and a busy machine slows both."""
    scales = {BEFORE: load, NOW: load * now}
    results = Results(date="2026-11-23", machine={}, versions={}, fast_events=1000)
    results.fast[DIRECT] = a_series(0.0)
    for side, scale in scales.items():
        for role in (CHAT, AUTHORIZER, WORKER):
            name = f"{role} {side}"
            results.cold[name] = ColdStarts(shipped=ColdStart(100 * scale, 110 * scale))
            results.sizes[name] = Size(int(1_000_000 * scale), 1)
            for table in ("buffered", "large", "streamed", "large_streamed", "paced", "fast", "workers"):
                getattr(results, table)[name] = a_series(scale)
        results.buffered[limited_client.name(f"{CHAT} {side}")] = a_series(scale)
        for measured in (results.buffered, results.streamed, results.fast):
            for variant in (converse_model, named_model):
                measured[variant.name(f"{CHAT} {side}")] = a_series(scale)
    return results


def a_compared(ratio: float, spread: float) -> Compared:
    return Compared(row=ROWS[0], before=1.0, now=ratio, ratio=ratio, spread=spread)


def test_every_row_is_compared() -> None:
    """A change that costs a tenth everywhere shows as a tenth in every row."""
    compared = comparison.compare([a_round(now=1.1)] * 5)
    assert [one.row for one in compared] == list(ROWS)
    assert [one.ratio for one in compared] == pytest.approx([1.1] * len(ROWS))
    assert all(one.is_worse for one in compared)


def test_a_busy_machine_cancels_out() -> None:
    """A slow machine changes neither the ratio of a round nor the spread."""
    compared = comparison.compare([a_round(load=load) for load in (1.0, 3.0, 1.5, 9.0, 1.0)])
    assert [one.ratio for one in compared] == pytest.approx([1.0] * len(ROWS))
    assert [one.spread for one in compared] == pytest.approx([0.0] * len(ROWS))


def test_one_bad_round_decides_nothing() -> None:
    """A round that slowed only one side changes neither the median nor the middle half of the rounds."""
    ratio, spread = comparison.ratio_and_spread([(1.0, 1.0)] * 7 + [(1.0, 50.0)])
    assert (ratio, spread) == (1.0, 0.0)


def test_spread_is_half_the_middle_half() -> None:
    """The middle half of 0.8, 0.9, 1.0, 1.1 and 1.2 is from 0.9 to 1.1."""
    pairs = [(10.0, now) for now in (12.0, 8.0, 11.0, 9.0, 10.0)]
    assert comparison.ratio_and_spread(pairs) == pytest.approx((1.0, 0.1))


@given(st.lists(st.tuples(MEASURED, MEASURED), min_size=2, max_size=20))
def test_ratio_lies_within_the_rounds(pairs: list[tuple[float, float]]) -> None:
    """The ratio is between the rounds' ratios, and the spread is at most half of their range."""
    ratios = [now / before for before, now in pairs]
    ratio, spread = comparison.ratio_and_spread(pairs)
    slack = 1e-9 * max(ratios)
    assert min(ratios) - slack <= ratio <= max(ratios) + slack
    assert -slack <= spread <= (max(ratios) - min(ratios)) / 2 + slack


@pytest.mark.parametrize(
    ("ratio", "spread", "is_worse"),
    [
        (1.04, 0.0, False),
        (1.06, 0.0, True),
        (1.06, 0.08, False),
        (1.09, 0.08, True),
        (0.5, 0.0, False),
    ],
)
def test_worse_is_beyond_tolerance_and_spread(ratio: float, spread: float, is_worse: bool) -> None:
    """A row is worse if it lost more than 5 % and more than its spread between rounds."""
    assert a_compared(ratio, spread).is_worse is is_worse


def test_what_the_system_hides_has_no_row() -> None:
    """A system without CPU time and memory counters (macOS) gets the other rows."""
    results = a_round()
    for name, series in results.buffered.items():
        results.buffered[name] = dataclasses.replace(series, cpu_s_per_1000=None, peak_mib=None)
    names = {one.row.name for one in comparison.compare([results] * 5)}
    assert "1 kB, p50 ms" in names
    assert not names & {"1 kB, CPU s per 1,000", "1 kB, peak MiB"}


def test_table_shows_ratio_spread_and_verdict() -> None:
    """Each row shows the earlier and the present value, the ratio, the spread and a verdict."""
    compared = [a_compared(1.25, 0.02), a_compared(0.9, 0.02)]
    text = comparison_table.render(compared, COMMIT, rounds=16)
    first, second = (line for line in text.splitlines() if line.startswith(f"| {CHAT}"))
    assert [cell.strip() for cell in first.split("|")][2:-1] == ["1.0", "1.2", "1.250", "2.0%", "WORSE"]
    assert second.endswith("ok |")
    assert COMMIT.title in text
    assert len(comparison_table.complaints(compared)) == 1


def test_a_new_row_has_no_ratio() -> None:
    """What the earlier commit does not have is shown without a ratio, and is not worse."""
    rounds = [a_round() for _ in range(3)]
    for results in rounds:
        del results.buffered[limited_client.name(f"{CHAT} {BEFORE}")]
        for measured in (results.buffered, results.streamed, results.fast):
            del measured[converse_model.name(f"{CHAT} {BEFORE}")]
    compared = comparison.compare(rounds)
    assert [one.row for one in compared] == list(ROWS)
    lines = comparison_table.render(compared, COMMIT, rounds=3).splitlines()
    new = [line for line in lines if line.endswith("new |")]
    assert ["client with limits" in line for line in new] == [True, *[False] * 5]
    assert all("Converse, " in line for line in new[1:])
    assert [cell.strip() for cell in new[0].split("|")][2:-1] == ["-", "10.00", "-", "-", "new"]
    assert comparison_table.complaints(compared) == []


class Runs:
    """The command, with fixed rounds instead of measurements."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        monkeypatch.setattr(worktree, "find", lambda name: COMMIT)

    def of(self, outcome: list[Results] | BaseException) -> Result:
        def run(*_: object) -> list[Results]:
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        self._patch.setattr(paired_rounds, "run", run)
        return CliRunner().invoke(command.main, ["--quick", "--before", "main"])


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(monkeypatch)


def test_exit_status_says_whether_a_row_is_worse(runs: Runs) -> None:
    """The status is 0 if no row is worse, and 1 with a line for each worse row."""
    assert runs.of([a_round()] * 5).exit_code == 0
    worse = runs.of([a_round(now=2.0)] * 5)
    assert worse.exit_code == 1
    assert worse.stderr.count("error: ") == len(ROWS)


def test_exit_status_of_nothing_compared(runs: Runs) -> None:
    """The status is 2 with one line for an unusable commit, and 130 after Ctrl-C; 1 would be a verdict."""
    failed = runs.of(CannotCompareError("0000000: too old"))
    assert (failed.exit_code, failed.stderr) == (2, "error: 0000000: too old\n")
    assert runs.of(KeyboardInterrupt()).exit_code == 130


def test_before_belongs_to_quick(tmp_path: Path) -> None:
    """The full run compares with other gateways, not with a commit."""
    result = CliRunner().invoke(command.main, ["--before", "main", "--output", str(tmp_path)])
    assert result.exit_code == 2
    assert "--before and --write-release can only be used with --quick" in result.stderr


def test_a_difference_below_nothing_is_left_out() -> None:
    """A round whose stream was no slower than the upstream's gives no added time."""
    rounds = [a_round(now=1.1) for _ in range(4)]
    rounds[0].fast[DIRECT] = a_series(50.0)
    (row,) = [one for one in comparison.compare(rounds) if one.row.name == "added per streamed event, µs"]
    assert row.ratio == pytest.approx(1.1)
    assert not [one for one in comparison.compare([rounds[0]] * 4) if one.row.name == row.row.name]
