"""Tables and paragraphs in Markdown, so that documents can contain them unchanged."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Sequence

_WIDTH = 127


def section(title: str, rows: list[list[str]]) -> str:
    """The table under its title; empty if `rows` has only the header."""
    if len(rows) < 2:
        return ""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [_line(_padded(row, widths)) for row in rows]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([f"**{title}**", "", lines[0], rule, *lines[1:], ""])


def _padded(row: Iterable[str], widths: Sequence[int]) -> Iterable[str]:
    return (
        cell.rjust(width) if column else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )


def number(value: float | None, digits: int) -> str:
    """The value with `digits` digits after the point; empty if it is None."""
    return "" if value is None else f"{value:,.{digits}f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, texts: Collection[int] = (0,)) -> str:
    """A table whose columns with these numbers are text, and all others numbers. Raises ValueError for rows of another length."""
    rule = ("---" if column in texts else "--:" for column in range(len(head)))
    lines = [_line(head), "|" + "|".join(rule) + "|"]
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"A row has {len(row)} cells, and the table {len(head)} columns.")
        lines.append(_line(row))
    return "\n".join(lines)


def paragraph(*sentences: str) -> str:
    """The sentences as one paragraph, wrapped."""
    return textwrap.fill(" ".join(sentences), _WIDTH, break_long_words=False, break_on_hyphens=False)


def bold(cells: Iterable[str]) -> list[str]:
    """The cells in bold; an empty cell stays empty."""
    return [f"**{cell}**" if cell else "" for cell in cells]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
