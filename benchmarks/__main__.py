"""`python -m benchmarks [--quick [--before COMMIT]]` measures and prints tables. Exit statuses: docs/performance.md."""

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
    installed_peers,
    paired_rounds,
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
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=_OUTPUT,
    help="The folder for the files.",
)
def main(*, quick: bool, before: str | None, output: Path) -> None:
    """Measures the gateway's functions.

    With --quick, fails if a target is missed by more than a quarter. With --before, fails if a row is worse than before.
    """
    began_s = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"{time.monotonic() - began_s:5.0f} s  {text}", err=True)

    if before is not None:
        if not quick:
            raise click.UsageError("--before can only be used with --quick")
        sys.exit(_compare(before, say))
    if quick:
        results = runs.quick(say)
        verdicts = targets.verdicts(results)
        click.echo(table.render(results, verdicts))
        sys.exit(_complain([verdict for verdict in verdicts if verdict.is_far_off]))
    say("installing the programs to compare with …")
    peers = installed_peers.install()
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


def _complain(far_off: list[Verdict]) -> int:
    for verdict in far_off:
        click.echo(
            f"error: {verdict.name}: {verdict.measured:.2f} {verdict.unit}, more than a quarter off the target of "
            f"{verdict.limit:g}",
            err=True,
        )
    return 1 if far_off else 0


def _write(results: Results, verdicts: list[Verdict], output: Path, plot_environment: Path) -> None:
    """Writes results.json, results.md and results.png."""
    output.mkdir(parents=True, exist_ok=True)
    document = {
        **results.document(),
        "targets": [verdict.document() for verdict in verdicts],
    }
    (output / "results.json").write_text(json.dumps(document, indent=2) + "\n")
    (output / "results.md").write_text(table.render(results, verdicts))
    python = plot_environment / "bin" / "python"
    subprocess.run([python, _PLOT, output / "results.json", output / "results.png"], check=True)


if __name__ == "__main__":
    main()
