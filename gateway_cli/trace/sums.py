"""The sums of a trace: requests, attempts, errors, tokens, cost and time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from gateway_cli.trace import sentences
from gateway_cli.trace.events import Event

_COUNTED = {
    "chat completion": "requests",
    "resource": "requests",
    "job": "job attempts",
    "batch step": "steps",
}
_SUMMED = {
    "prompt_tokens": "prompt tokens",
    "completion_tokens": "completion tokens",
    "latency_ms": "ms in functions",
}
_COST = "cost_usd"


def of(events: Iterable[Event]) -> str:
    """The sums in one line; empty if there is nothing to sum."""
    lines = [event.line for event in events if str(event.line.get("message")) in _COUNTED]
    sums: dict[str, float] = defaultdict(float)
    for line in lines:
        sums[_COUNTED[str(line["message"])]] += 1
        sums["errors"] += bool(line.get("error_code") or line.get("error_class"))
        for name, shown in _SUMMED.items():
            sums[shown] += _number(line.get(name))
    costs = [_number(line[_COST]) for line in lines if _COST in line]
    parts = [f"{name} {count:,.0f}" for name, count in sums.items() if count]
    return ", ".join([*parts, *([f"cost {sentences.dollars(sum(costs))}"] if costs else [])])


def _number(value: object) -> float:
    """The value, or 0 if it is no number."""
    return float(value) if isinstance(value, int | float) else 0.0
