"""Usage as `usage` prints it: a table for people, JSON for scripts."""

from __future__ import annotations

import json

import click

from client_usage import item as usage_item
from gateway_cli import dollars
from gateway_cli.jobs import screen
from gateway_cli.usage import sums
from gateway_cli.usage.sums import Sum

_COLUMNS = {
    "requests": usage_item.REQUESTS,
    "prompt": usage_item.PROMPT_TOKENS,
    "completion": usage_item.COMPLETION_TOKENS,
    "cached": usage_item.CACHED_TOKENS,
    "reasoning": usage_item.REASONING_TOKENS,
}
_COST = "cost in USD"


def print_table(key: str, rows: dict[str, Sum]) -> None:
    """A table with a row for each sum, and their total."""
    all_rows = [*rows.items(), ("total", sums.total(rows.values()))]
    screen.table(
        (key, *_COLUMNS, _COST), (_cells(name, sum_) for name, sum_ in all_rows), right={*_COLUMNS, _COST}
    )


def print_json(key: str, rows: dict[str, Sum]) -> None:
    """A JSON object for each sum, a line each. docs/clients.md describes its fields."""
    for name, sum_ in rows.items():
        click.echo(json.dumps(_document(key, name, sum_)))


def cost(sum_: Sum) -> str:
    """The cost in US dollars, and what is not known of it."""
    if not sum_.has_known_cost:
        return "unknown"
    known = dollars.shown(sum_[usage_item.COST])
    unknown = " + unknown" if sum_[usage_item.UNPRICED_REQUESTS] else ""
    tokens_only = sum_[usage_item.TOKENS_ONLY_REQUESTS]
    if not tokens_only:
        return f"{known}{unknown}"
    partly = "" if tokens_only >= sum_.priced_requests else "partly "
    return f"{known}{unknown} ({partly}tokens only)"


def _cells(name: str, sum_: Sum) -> tuple[object, ...]:
    return (name, *(sum_[measure] for measure in _COLUMNS.values()), cost(sum_))


def _document(key: str, name: str, sum_: Sum) -> dict[str, object]:
    counts = {measure: sum_[measure] for measure in usage_item.MEASURES if measure != usage_item.COST}
    cost_usd = dollars.number(sum_[usage_item.COST]) if sum_.has_known_cost else None
    return {key: name, **counts, "cost_usd": cost_usd}
