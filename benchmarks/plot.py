"""Draws results.json as a PNG. Runs in its own virtual environment, because only this script needs matplotlib.

`python plot.py results.json results.png`
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib import ticker

_OURS, _OTHERS, _FLOOR = "#1f77b4", "#9aa5b1", "#d5dae0"
_FLOORS = ("upstream directly", "bare", "bare streaming")


def main(source: Path, target: Path) -> None:
    """Draws six bar charts, each with its own scale."""
    results = json.loads(source.read_text())
    figure, axes = plt.subplots(2, 3, figsize=(15, 7.5), layout="constrained")
    cold = {name: starts["shipped"] for name, starts in results["cold"].items() if "authorizer" not in name}
    _bars(axes[0][0], "Cold start to the first answer, ms", _column(cold, "answer_ms"))
    authorizers = {
        name: starts["shipped"] for name, starts in results["cold"].items() if "authorizer" in name
    }
    _bars(axes[0][1], "Authorizer's cold start to its first answer, ms", _column(authorizers, "answer_ms"))
    _bars(
        axes[0][2], "Warm, buffered, 1 kB: p50, ms", _column(results["buffered"], "p50_ms"), logarithmic=True
    )
    _bars(
        axes[1][0],
        "Streamed: first byte, p50, ms",
        _column(results["streamed"], "first_byte_p50_ms"),
        logarithmic=True,
    )
    _bars(axes[1][1], "Streamed as fast as can be: µs an event", _per_event(results), logarithmic=True)
    _bars(axes[1][2], "Peak memory, MiB", _column(results["buffered"], "peak_mib"))
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    figure.suptitle(
        f"Medians of one run on {results['machine']['cores']} cores, {results['date']}\n{versions}",
        fontsize=10,
    )
    figure.savefig(target, dpi=110)


def _column(rows: dict[str, Any], key: str) -> dict[str, float]:
    return {name: row[key] for name, row in rows.items() if row[key] is not None}


def _per_event(results: dict[str, Any]) -> dict[str, float]:
    return {name: row["p50_ms"] * 1000 / results["fast_events"] for name, row in results["fast"].items()}


def _bars(axes: Any, title: str, values: dict[str, float], *, logarithmic: bool = False) -> None:
    names = list(values)[::-1]
    bars = axes.barh(names, [values[name] for name in names], color=[_colour(name) for name in names])
    axes.bar_label(bars, labels=[f"{values[name]:,.3g}" for name in names], padding=4)
    axes.set_title(title + (" (log scale)" if logarithmic else ""), loc="left", fontsize=11)
    if logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(ticker.StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    axes.margins(x=0.18)
    axes.spines[["top", "right"]].set_visible(False)


def _colour(name: str) -> str:
    if name.startswith("our"):
        return _OURS
    return _FLOOR if name in _FLOORS else _OTHERS


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
