"""`python -m benchmarks [--quick [--before COMMIT | --write-release]]` measures and prints tables.

docs/performance/method.md explains the exit statuses.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks import (
    comparison,
    comparison_table,
    front_page,
    guard,
    installed_peers,
    paired_rounds,
    release_ratios,
    runs,
    table,
    targets,
    worktree,
)
from benchmarks.failures import CannotCompareError
from benchmarks.results import Results
from benchmarks.targets import Verdict
from local.machine import interruption

_OUTPUT = Path(__file__).parents[1] / "docs" / "performance"
_PLOT = Path(__file__).parent / "plot.py"
# If nothing was compared, the status is 2, which click also uses for a wrong command line.
_NOT_COMPARED, _INTERRUPTED = 2, 130


@click.command()
@click.option(
    "--quick", is_flag=True, help="Measure only our functions and the bare handlers. Write no files."
)
@click.option("--before", metavar="COMMIT", help="With --quick: compare each row with this commit.")
@click.option(
    "--write-release",
    is_flag=True,
    help="With --quick: measure three times, and write the ratios that later runs are compared with.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=_OUTPUT,
    help="The folder for the files.",
)
def main(*, quick: bool, before: str | None, write_release: bool, output: Path) -> None:
    """Measures the gateway's functions.

    With --quick, fails if a ratio is worse than the last release's by more than a quarter. With --before, fails if a row is
    worse than before.
    """
    began_s = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"{time.monotonic() - began_s:5.0f} s  {text}", err=True)

    if not quick and (write_release or before is not None):
        raise click.UsageError("--before and --write-release can only be used with --quick")
    if before is not None:
        if write_release:
            raise click.UsageError("--before and --write-release cannot be used together")
        sys.exit(_compare(before, say))
    if write_release:
        release_ratios.write(guard.new_release(lambda: release_ratios.of(runs.quick(say))))
    elif quick:
        sys.exit(_quick(say))
    else:
        _full(output, say)


def _full(output: Path, say: Callable[[str], None]) -> None:
    """Measures everything, prints the tables and writes the files."""
    say("installing the programs to compare with …")
    try:
        peers = installed_peers.install()
    except installed_peers.NotInstalledError as error:
        raise click.ClickException(str(error)) from None
    results = runs.full(peers, say)
    verdicts = targets.verdicts(results)
    click.echo(table.render(results, verdicts))
    _write(results, verdicts, output, peers.plot)


def _compare(before: str, say: Callable[[str], None]) -> int:
    """Compares, and prints the table. Returns the exit status."""
    try:
        with interruption.as_keyboard_interrupt():
            commit = worktree.find(before)
            rounds = paired_rounds.run(commit, say)
    except CannotCompareError as error:
        click.echo(f"error: {error}", err=True)
        return _NOT_COMPARED
    except KeyboardInterrupt:
        return _INTERRUPTED
    compared = comparison.compare(rounds)
    click.echo(comparison_table.render(compared, commit, rounds=len(rounds)))
    complaints = comparison_table.complaints(compared)
    for complaint in complaints:
        click.echo(f"error: {complaint}", err=True)
    return 1 if complaints else 0


def _quick(say: Callable[[str], None]) -> int:
    """Measures, prints the table, and compares with the last release. Returns the exit status."""
    results = runs.quick(say)
    click.echo(table.render(results, targets.verdicts(results)))
    measured, release = release_ratios.of(results), release_ratios.read()
    complaints = guard.complaints(measured, release, lambda: release_ratios.of(runs.quick(say)), say)
    for complaint in complaints:
        click.echo(f"error: {complaint}", err=True)
    if not complaints:
        shared = len(release.ratios.keys() & measured.keys())
        click.echo(f"None of {shared} ratios is more than a quarter worse than in version {release.version}.")
    return 1 if complaints else 0


def _write(results: Results, verdicts: list[Verdict], output: Path, plot_environment: Path) -> None:
    """Writes results.json, results.md and results.png, and the numbers of docs/performance.md."""
    output.mkdir(parents=True, exist_ok=True)
    document = {
        **results.document(),
        "targets": [verdict.document() for verdict in verdicts],
    }
    (output / "results.json").write_text(json.dumps(document, indent=2) + "\n")
    (output / "results.md").write_text(table.render(results, verdicts))
    if output == _OUTPUT:
        front_page.main()
    python = plot_environment / "bin" / "python"
    subprocess.run([python, _PLOT, output / "results.json", output / "results.png"], check=True)


if __name__ == "__main__":
    main()
