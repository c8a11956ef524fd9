"""`python -m benchmarks.memory_sizes [--quick]` measures and prints tables. Exit statuses: docs/performance.md."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks import installed_peers
from benchmarks.memory_sizes import control_groups, hierarchies, runs, table, targets
from benchmarks.memory_sizes.control_groups import Groups
from benchmarks.memory_sizes.failures import CannotLimitError
from benchmarks.memory_sizes.results import Results
from benchmarks.targets import Verdict
from local.machine import interruption

_OUTPUT = Path(__file__).parents[2] / "docs" / "performance"
# If nothing was measured, the status is 2, which click also uses for a wrong command line.
_NOT_MEASURED, _INTERRUPTED = 2, 130


@click.command()
@click.option("--quick", is_flag=True, help="Measure the default sizes with few requests. Write no files.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=_OUTPUT,
    help="The folder for the files.",
)
def main(*, quick: bool, output: Path) -> None:
    """Measures the gateway's functions with the processor share of each Lambda memory size, and their peak memory."""
    began_s = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"{time.monotonic() - began_s:5.0f} s  {text}", err=True)

    try:
        with interruption.as_keyboard_interrupt():
            sys.exit(_run(say, output, is_quick=quick))
    except CannotLimitError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(_NOT_MEASURED)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _run(say: Callable[[str], None], output: Path, *, is_quick: bool) -> int:
    """Measures and prints. Returns the exit status. Raises CannotLimitError."""
    with control_groups.opened(hierarchies.of_this_machine()) as groups:
        results = runs.quick(groups, say) if is_quick else _full(groups, say)
    verdicts = targets.verdicts(results)
    text = table.render(results, verdicts)
    click.echo(text)
    if not is_quick:
        _write(results, verdicts, text, output)
    return 0


def _full(groups: Groups, say: Callable[[str], None]) -> Results:
    say("installing the FastAPI sample …")
    return runs.full(groups, installed_peers.fastapi(), say)


def _write(results: Results, verdicts: list[Verdict], text: str, output: Path) -> None:
    """Writes memory.json and memory.md."""
    output.mkdir(parents=True, exist_ok=True)
    document = {**results.document(), "targets": [verdict.document() for verdict in verdicts]}
    (output / "memory.json").write_text(json.dumps(document, indent=2) + "\n")
    (output / "memory.md").write_text(text)


if __name__ == "__main__":
    main()
