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
    rows = [["", "before", "now", "now / before", "spread", "verdict"]]
    for one in compared:
        sides = [number(value, one.row.digits) for value in (one.before, one.now)]
        verdict = "WORSE" if one.is_worse else "ok"
        rows.append(
            [f"{one.row.role}: {one.row.name}", *sides, f"{one.ratio:.3f}", f"{one.spread:.1%}", verdict]
        )
    return rows
