"""Tables in Markdown, so that documents can contain them unchanged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def section(title: str, rows: list[list[str]]) -> str:
    """The table under its title; empty if `rows` has only the header."""
    if len(rows) < 2:
        return ""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(_padded(row, widths)) + " |" for row in rows]
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
