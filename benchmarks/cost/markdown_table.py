"""Tables and paragraphs of a Markdown page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

_WIDTH = 127


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, texts: int = 1) -> str:
    """A table whose first `texts` columns are text, and all others numbers. Raises ValueError for rows of another length."""
    rule = ["---"] * texts + ["--:"] * (len(head) - texts)
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


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
