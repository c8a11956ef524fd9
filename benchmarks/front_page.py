"""Writes the numbers on the first screen of docs/performance.md, from results.json.

`python -m benchmarks.front_page` writes them again. `make bench` does so after it has written results.json.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.contenders import AUTHORIZER, BARE, BARE_STREAMING, DIRECT, FASTAPI, LITELLM, OURS, PORTKEY

_DOCS = Path(__file__).parents[1] / "docs"
PAGE, RESULTS = _DOCS / "performance.md", _DOCS / "performance" / "results.json"
_BEGIN, _END = "<!-- numbers of results.json -->\n", "<!-- end of the numbers -->\n"
# The columns of the table: how a reader calls them, and the results' names of calls and of streams.
_COLUMNS = {
    "this gateway": (OURS, OURS),
    "the smallest function possible": (BARE, BARE_STREAMING),
    FASTAPI: (FASTAPI, FASTAPI),
    LITELLM: (LITELLM, LITELLM),
    PORTKEY: (PORTKEY, PORTKEY),
}

Document = Mapping[str, Any]


def main() -> None:
    """Puts the numbers of results.json into the page."""
    PAGE.write_text(with_numbers(PAGE.read_text(), json.loads(RESULTS.read_text())))


def with_numbers(page: str, results: Document) -> str:
    """The page with the numbers of these results. Raises ValueError if it has no place for them."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the page must have the lines {_BEGIN!r} and {_END!r}")
    return f"{before}{begin}\n{_numbers(results)}\n{end}{after}"


def _numbers(results: Document) -> str:
    return "\n".join([*_in_words(results), "", *_table(results), "", _origin(results)])


def _in_words(results: Document) -> list[str]:
    return [
        f"- **{_added_ms(results, OURS):.1f} ms** are added to a call, while a model takes seconds to answer.",
        f"- **{_first_ms(results, OURS):.1f} ms** are added until the first word of a streamed answer.",
        _after_a_pause(results),
        *_memory(results),
        f"- **{_batch_s(results):.1f} s** pass until 100 jobs are done, if the model takes 1 s for each.",
    ]


def _memory(results: Document) -> list[str]:
    """The line of the memory; none if the system does not say it."""
    peak_mib = _peak_mib(results, OURS)
    text = "of memory are used by the function that answers calls."
    return [] if peak_mib is None else [f"- **{peak_mib:.0f} MiB** {text}"]


def _after_a_pause(results: Document) -> str:
    start_s = f"**{_after_a_pause_ms(results) / 1000:.1f} s**"
    return f"- {start_s} are added to the first call after a pause, while two functions start, beside AWS's own start."


def _table(results: Document) -> list[str]:
    measures: dict[str, Callable[[str, str], float | None]] = {
        "added to a call, ms": lambda name, _: _added_ms(results, name),
        "added until the first word, ms": lambda _, name: _first_ms(results, name),
        "from start to the first answer, ms": lambda name, _: _start_ms(results, name),
        "memory, MiB": lambda name, _: _peak_mib(results, name),
    }
    columns = {title: names for title, names in _COLUMNS.items() if names[0] in results["buffered"]}
    rows = [
        f"| {title} | " + " | ".join(_text(measure, names) for names in columns.values()) + " |"
        for title, measure in measures.items()
    ]
    return [f"| | {' | '.join(columns)} |", "|---|" + "---|" * len(columns), *rows]


def _text(measure: Callable[[str, str], float | None], names: tuple[str, str]) -> str:
    value = measure(*names)
    return "-" if value is None else f"{value:,.1f}" if value < 10 else f"{value:,.0f}"


def _origin(results: Document) -> str:
    machine = results["machine"]
    return f"Measured on {results['date']}, on {machine['cores']} cores of {machine['processor']}."


def _added_ms(results: Document, name: str) -> float:
    return float(results["buffered"][name]["p50_ms"] - results["buffered"][DIRECT]["p50_ms"])


def _first_ms(results: Document, name: str) -> float | None:
    streamed = results["streamed"]
    if name not in streamed:
        return None
    return float(streamed[name]["first_byte_p50_ms"] - streamed[DIRECT]["first_byte_p50_ms"])


def _start_ms(results: Document, name: str) -> float | None:
    if name in results["cold"]:
        return float(results["cold"][name]["shipped"]["answer_ms"])
    start = results.get("servers", {}).get(name)
    return None if start is None else float(start["answer_ms"])


def _after_a_pause_ms(results: Document) -> float:
    """The authorizer answers before the chat function is called."""
    return sum(float(results["cold"][name]["shipped"]["answer_ms"]) for name in (AUTHORIZER, OURS))


def _peak_mib(results: Document, name: str) -> float | None:
    peak: float | None = results["buffered"][name]["peak_mib"]
    return peak


def _batch_s(results: Document) -> float:
    return next(
        float(batch["took_s"])
        for batch in results["batches"]
        if (batch["width"], batch["jobs"], batch["latency_s"]) == (100, 100, 1.0)
    )


if __name__ == "__main__":
    main()
