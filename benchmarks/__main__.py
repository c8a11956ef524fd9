"""`python -m benchmarks [--quick]`: measures, prints the tables, and says by its exit status whether it is far off."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import click

from benchmarks import installed_peers, runs, table, targets
from benchmarks.results import Results
from benchmarks.targets import Verdict

_OUTPUT = Path(__file__).parents[1] / "docs" / "performance"
_PLOT = Path(__file__).parent / "plot.py"


@click.command()
@click.option("--quick", is_flag=True, help="Ours and the bare handlers only; writes no files.")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), default=_OUTPUT, help="Where the files go."
)
def main(*, quick: bool, output: Path) -> None:
    """Measures the gateway's functions; fails where a target is missed by more than a quarter (quick only)."""
    began_s = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"{time.monotonic() - began_s:5.0f} s  {text}", err=True)

    if quick:
        results = runs.quick(say)
        verdicts = targets.verdicts(results)
        click.echo(table.render(results, verdicts))
        sys.exit(_complain([verdict for verdict in verdicts if verdict.is_far_off]))
    say("installing what is compared with …")
    peers = installed_peers.install()
    results = runs.full(peers, say)
    verdicts = targets.verdicts(results)
    click.echo(table.render(results, verdicts))
    _write(results, verdicts, output, peers.plot)


def _complain(far_off: list[Verdict]) -> int:
    for verdict in far_off:
        click.echo(
            f"error: {verdict.name}: {verdict.measured:.2f} {verdict.unit}, more than a quarter off "
            f"{verdict.limit:g}",
            err=True,
        )
    return 1 if far_off else 0


def _write(results: Results, verdicts: list[Verdict], output: Path, plot_environment: Path) -> None:
    """results.json, results.md and results.png."""
    output.mkdir(parents=True, exist_ok=True)
    document = {
        **results.document(),
        "targets": [
            {
                "name": verdict.name,
                "measured": round(verdict.measured, 3),
                "limit": verdict.limit,
                "unit": verdict.unit,
                "reached": verdict.is_reached,
            }
            for verdict in verdicts
        ],
    }
    (output / "results.json").write_text(json.dumps(document, indent=2) + "\n")
    (output / "results.md").write_text(table.render(results, verdicts))
    python = plot_environment / "bin" / "python"
    subprocess.run([python, _PLOT, output / "results.json", output / "results.png"], check=True)


if __name__ == "__main__":
    main()
