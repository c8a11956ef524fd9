"""The guard that compares a quick run with the last release's ratios."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from benchmarks import __main__ as command
from benchmarks import guard, release_ratios, runs
from benchmarks.release_ratios import Release
from tests import documents
from tests.unit.benchmarks.made_results import a_quick_run


def release(**ratios: float) -> Release:
    return Release(version="1.0.0", commit="abc1234", date="2026-11-28", ratios=ratios)


def test_ratios_are_of_one_run() -> None:
    """Ours are divided by the bare handlers, and variants of ours by ours."""
    ratios = release_ratios.of(a_quick_run(ours=2.0))
    to_ours = {name for name in ratios if name.endswith("x ours")}
    assert {ratios[name] for name in to_ours} == {1.0}
    assert {ratios[name] for name in ratios.keys() - to_ours} == {2.0}


def test_no_cpu_time_no_ratio() -> None:
    """A system without CPU times has the other ratios."""
    results = a_quick_run(ours=2.0)
    without = {name: replace(one, cpu_s_per_1000=None, peak_mib=None) for name, one in results.fast.items()}
    results.buffered = results.large = results.streamed = results.fast = without
    ratios = release_ratios.of(results)
    assert "1 kB, p10, x bare" in ratios
    assert not [name for name in ratios if "CPU" in name or "memory" in name]


@pytest.mark.parametrize(("measured", "is_worse"), [(2.0, False), (2.5, False), (2.51, True), (1.0, False)])
def test_a_quarter_is_allowed(measured: float, is_worse: bool) -> None:
    """A ratio fails if it is worse by more than a quarter; the line names both values and the release."""
    complaints = release_ratios.worse({"latency": measured, "new": 9.0}, release(latency=2.0, gone=1.0))
    assert bool(complaints) == is_worse
    if is_worse:
        (line,) = complaints
        assert line == ("latency: 2.51, which is 1.25 times the 2.00 of version 1.0.0 (abc1234, 2026-11-28)")


def test_a_good_run_is_measured_once() -> None:
    """If no ratio is worse, nothing is measured again."""

    def never() -> dict[str, float]:
        raise AssertionError("measured again")

    assert guard.complaints({"latency": 2.0}, release(latency=2.0), never, print) == []


def test_one_bad_run_is_forgiven(capsys: pytest.CaptureFixture[str]) -> None:
    """A ratio that is worse in one run is the machine's; in all three runs, it is ours."""
    once = guard.complaints({"a": 9.0, "b": 1.0}, release(a=1.0, b=1.0), lambda: {"a": 1.1, "b": 9.0}, print)
    assert once == []
    assert "measured again" in capsys.readouterr().out
    always = guard.complaints(
        {"a": 9.0, "b": 1.0}, release(a=1.0, b=1.0), lambda: {"a": 1.4, "b": 9.0}, print
    )
    assert [line.partition(",")[0] for line in always] == ["a: 1.40"]


def test_a_release_has_medians(tmp_path: Path) -> None:
    """A release has the medians of three runs, and its file gives back what was written."""
    runs = iter([{"a": 1.0}, {"a": 3.0}, {"a": 1.23456}])
    new = guard.new_release(lambda: next(runs))
    assert next(runs, None) is None
    assert new.ratios == {"a": 1.23456}
    file = tmp_path / "ratios.json"
    release_ratios.write(new, file)
    assert release_ratios.read(file) == Release(
        version=new.version, commit=new.commit, date=new.date, ratios={"a": 1.235}
    )
    assert new.version == re.search(r'(?m)^version = "(.+)"', documents.text("pyproject.toml")).group(1)  # type: ignore[union-attr]


def test_the_committed_file_has_every_ratio() -> None:
    """The committed ratios are those that a quick run has, and nothing but ratios, a version, a commit and a date."""
    committed = release_ratios.read()
    assert committed.ratios.keys() == release_ratios.of(a_quick_run(ours=2.0)).keys()
    assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", committed.date)
    assert committed.commit


def test_each_loss_is_found() -> None:
    """A loss of 30 % of everything that is ours makes each ratio to a bare handler worse, also in a batch of jobs."""
    before = release_ratios.of(a_quick_run(ours=2.0))
    complaints = release_ratios.worse(release_ratios.of(a_quick_run(ours=2.6)), release(**before))
    assert len(complaints) == len([name for name in before if not name.endswith("x ours")])


@pytest.mark.parametrize("noise", [0.97, 1.03])
def test_noise_decides_nothing(noise: float) -> None:
    """With three percent of noise in one of the three runs, equal code passes, and a loss of 30 % fails."""

    def complaints(loss: float) -> list[str]:
        runs = iter([{"a": loss}, {"a": loss}])
        return guard.complaints({"a": loss * noise}, release(a=1.0), lambda: next(runs), lambda _: None)

    assert complaints(1.0) == []
    assert complaints(1.3)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command after a release whose ratios to the bare handlers were 2, and quick runs of which each has its factor."""
    before = replace(release(), ratios=release_ratios.of(a_quick_run(ours=2.0)))
    monkeypatch.setattr(release_ratios, "read", lambda: before)

    def run(*factors: float) -> Result:
        measured = iter([a_quick_run(ours=factor) for factor in factors])
        monkeypatch.setattr(runs, "quick", lambda say: next(measured))
        return CliRunner().invoke(command.main, ["--quick"])

    return run


def test_a_slower_gateway_fails(quick: Callable[..., Result]) -> None:
    """The status is 1, with a line for each ratio, if all three runs are worse."""
    worse = quick(3.0, 2.6, 2.7)
    assert worse.exit_code == 1
    assert "error: 1 kB, p10, x bare: 2.60, which is 1.30 times the 2.00 of version 1.0.0" in worse.stderr


def test_known_misses_do_not_fail(quick: Callable[..., Result]) -> None:
    """A run that misses targets, but is as fast as the release, has the status 0 and says so."""
    same = quick(2.0)
    assert same.exit_code == 0
    assert "MISSED" in same.stdout
    assert "is more than a quarter worse than in version 1.0.0" in same.stdout


def test_a_release_belongs_to_a_quick_run() -> None:
    """The ratios of a release come from quick runs, and not from a comparison with a commit."""
    for options in (["--write-release"], ["--quick", "--before", "main", "--write-release"]):
        assert CliRunner().invoke(command.main, options).exit_code == 2
