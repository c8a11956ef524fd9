"""The sums of a trace: requests, attempts, errors, tokens, cost and time."""

from __future__ import annotations

from collections.abc import Iterable

from gateway_cli.trace.events import Event

_COUNTED = {
    "chat completion": "requests",
    "resource": "requests",
    "job": "job attempts",
    "batch step": "steps",
}
_SUMMED = {"prompt_tokens": "prompt tokens", "completion_tokens": "completion tokens", "latency_ms": "ms"}


def of(events: Iterable[Event]) -> str:
    """The sums in one line; empty if there is nothing to sum."""
    counts: dict[str, float] = {}
    cost = None
    for event in events:
        kind = _COUNTED.get(str(event.line.get("message")))
        if kind is None:
            continue
        _add(counts, kind, 1)
        if event.line.get("error_code") or event.line.get("error_class"):
            _add(counts, "errors", 1)
        for name, shown in _SUMMED.items():
            _add(counts, shown, event.line.get(name, 0))
        if isinstance(event.line.get("cost_usd"), int | float):
            cost = (cost or 0.0) + float(event.line["cost_usd"])
    parts = [f"{value:g} {name}" for name, value in counts.items() if value]
    return ", ".join([*parts, *([] if cost is None else [f"${cost:.6f}".rstrip("0").rstrip(".")])])


def _add(counts: dict[str, float], name: str, value: object) -> None:
    if isinstance(value, int | float):
        counts[name] = counts.get(name, 0) + value
