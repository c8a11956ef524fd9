"""A comparison as a Markdown table."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import machine
from benchmarks.comparison import TOLERANCE, Compared
from benchmarks.markdown import number, section
from benchmarks.worktree import Commit

_LEGEND = f"""\
now / before: the median of the rounds' ratios. spread: half of the interquartile range of these ratios.
WORSE: the ratio is above 1 by more than {TOLERANCE:.0%} and by more than the spread.
new: the earlier commit does not have what the row measures.
"""


def render(compared: Sequence[Compared], commit: Commit, *, rounds: int) -> str:
    """The compared commits, the machine, the table, and the meaning of the columns."""
    facts = {**machine.describe(), **machine.versions()}
    return "\n".join(
        [
            f"before: {commit.title}",
            "now: this folder",
            ", ".join(f"{name} {value}" for name, value in facts.items()) + "\n",
            section(f"{rounds} rounds", _rows(compared)),
            _LEGEND,
        ]
    )


def complaints(compared: Sequence[Compared]) -> list[str]:
    """A line for each row that is worse."""
    return [
        f"{one.row.role}: {one.row.name}: {one.ratio:.2f} times the value before (spread {one.spread:.1%})"
        for one in compared
        if one.is_worse
    ]


def _rows(compared: Sequence[Compared]) -> list[list[str]]:
    return [["", "before", "now", "now / before", "spread", "verdict"], *map(_row, compared)]


def _row(one: Compared) -> list[str]:
    name, now = f"{one.row.role}: {one.row.name}", number(one.now, one.row.digits)
    if one.before is None:
        return [name, "-", now, "-", "-", "new"]
    verdict = "WORSE" if one.is_worse else "ok"
    return [name, number(one.before, one.row.digits), now, f"{one.ratio:.3f}", f"{one.spread:.1%}", verdict]
