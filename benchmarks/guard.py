"""Guards the speed of the last release: fails a quick run whose ratios are worse by more than a quarter."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import release_ratios
from benchmarks.release_ratios import Ratios, Release

_ROOT = Path(__file__).parents[1]
_RUNS = 3  # of a release, whose medians are written; and at most of a run that is compared


def complaints(
    measured: Ratios, release: Release, measure_again: Callable[[], Ratios], say: Callable[[str], None]
) -> list[str]:
    """A line for each ratio that is worse than the release's.

    A machine that does other work may make a ratio worse. So if there is one, everything is measured up to twice more, and the
    best measurement of each ratio counts.
    """
    runs = [measured]
    while worse := release_ratios.worse(release_ratios.best(runs), release):
        if len(runs) == _RUNS:
            return worse
        say("a ratio is worse than the last release's, so all are measured again")
        runs.append(measure_again())
    return []


def new_release(measure: Callable[[], Ratios]) -> Release:
    """The medians of a few runs, for the version and commit of this folder."""
    return Release(
        version=_version(),
        commit=_commit(),
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        ratios=release_ratios.medians([measure() for _ in range(_RUNS)]),
    )


def _version() -> str:
    version: str = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]["version"]
    return version


def _commit() -> str:
    """The commit, with `-dirty` if the folder has changes that are not committed."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True).stdout.strip()
