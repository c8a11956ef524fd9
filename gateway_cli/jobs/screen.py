"""Tables on standard output, and progress bars on standard error if it is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

# If the output is not a terminal: no row is wrapped, so that ids stay whole.
_WIDTH_OF_FILES = 10_000


@contextmanager
def progress(
    title: str, total: int | None = None, *, in_bytes: bool = False
) -> Iterator[Callable[[int], None]]:
    """Shows a progress bar while the block runs, if standard error is a terminal."""
    console = Console(stderr=True)
    done_column = DownloadColumn() if in_bytes else MofNCompleteColumn()
    columns = (TextColumn("{task.description}"), BarColumn(), done_column, TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        task = shown.add_task(title, total=total)
        yield lambda done: shown.update(task, completed=done)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Container[str] = ()) -> None:
    """Prints a table; the columns `right` are aligned to the right. A row is wrapped only on a terminal.

    Characters that could control a terminal are replaced.
    """
    # Not rich's is_terminal, which an environment variable sets.
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_OF_FILES)
    shown = Table(box=None, pad_edge=False)
    for column in columns:
        shown.add_column(column, overflow="fold", justify="right" if column in right else "left")
    for row in rows:
        shown.add_row(*(Text(printable(str(cell))) for cell in row))
    console.print(shown)


def printable(text: str) -> str:
    """`text` with a replacement character for each character that is not printable."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
