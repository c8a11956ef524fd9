"""The generated blocks of docs/cost.md and README.md, and how they are put into the pages."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

from benchmarks.cost import (
    comparison_tables,
    defaults,
    idle,
    measurements,
    other_tables,
    prices,
    request_tables,
)
from benchmarks.cost.gateway import Gateway
from benchmarks.cost.measurements import Measurements
from benchmarks.cost.money import usd
from benchmarks.cost.shapes import OPEN, USUAL
from benchmarks.markdown import paragraph

ROOT = Path(__file__).parents[2]
PAGES = (Path("docs/cost.md"), Path("README.md"))
_BLOCK = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


class PageError(Exception):
    """A page has a block that nobody writes, or lacks one."""


def blocks() -> dict[str, str]:
    """The text of each block by its name."""
    measured = measurements.read()
    gateway = Gateway(prices.read(), defaults.current(), measured.ours)
    return {
        **_of_requests(gateway),
        **_of_comparisons(gateway, measured),
        **_of_the_rest(gateway),
    }


def written(text: str, texts: dict[str, str]) -> str:
    """The page with new blocks. Raises PageError for a block that has no text."""
    unknown = sorted({name for _, name, _ in _BLOCK.findall(text)} - set(texts))
    if unknown:
        raise PageError(f"Nobody writes the block {', '.join(unknown)}.")
    return _BLOCK.sub(lambda found: found[1] + _separated(texts[found[2]]) + found[3], text)


def names(text: str) -> list[str]:
    """The names of the page's blocks, in order."""
    return [name for _, name, _ in _BLOCK.findall(text)]


def without_blocks(text: str) -> str:
    """The part of a page that people write."""
    return _BLOCK.sub("", text)


def write(root: Path = ROOT) -> list[Path]:
    """Writes the pages anew. Returns those that changed. Raises PageError."""
    texts = blocks()
    changed = []
    for page in PAGES:
        now = (root / page).read_text()
        new = written(now, texts)
        if new != now:
            (root / page).write_text(new)
            changed.append(page)
    return changed


def _separated(text: str) -> str:
    """A block's text. A table or a list needs an empty line before and after it."""
    return f"\n{text}\n\n" if "\n|" in text or text.startswith("- ") else f"{text}\n"


def _of_requests(gateway: Gateway) -> dict[str, str]:
    return {
        "readme": _readme(gateway),
        "first-screen": request_tables.first_screen(gateway),
        "kinds": request_tables.kinds(gateway),
        "million": request_tables.by_kind(gateway),
        "memory": request_tables.by_memory(gateway),
        "gateway-items": request_tables.gateway_items(gateway),
        "own-time": request_tables.own_time(gateway),
        "cold-starts": request_tables.cold_starts(gateway),
        "widths": request_tables.widths(gateway),
        "model-prices": request_tables.model_prices(),
    }


def _of_comparisons(gateway: Gateway, measured: Measurements) -> dict[str, str]:
    return {
        "containers": comparison_tables.container_prices(gateway),
        "break-even": comparison_tables.break_even(gateway),
        "break-even-by-memory": comparison_tables.break_even_by_memory(gateway),
        "rates": comparison_tables.by_rate(gateway),
        "fastapi": comparison_tables.fastapi(gateway, measured),
    }


def _of_the_rest(gateway: Gateway) -> dict[str, str]:
    return {
        "idle": other_tables.idle_months(gateway.prices),
        "idle-items": other_tables.idle_items(gateway.prices),
        "batches": other_tables.batch_lines(gateway),
        "features": other_tables.feature_costs(gateway.prices),
        "feature-details": other_tables.feature_details(gateway.prices),
        "guardrail-savings": other_tables.guardrail_savings(),
        "model-savings": other_tables.model_savings(),
        "gateway-savings": other_tables.gateway_savings(gateway),
        "left-out": other_tables.left_out(gateway),
        "prices": other_tables.list_prices(gateway.prices),
    }


def _readme(gateway: Gateway) -> str:
    parts = request_tables.parts(gateway, USUAL, OPEN)
    total = sum(parts.values(), Decimal(0))
    *_, prod = idle.ENVIRONMENTS
    alone, alarms = idle.without_alarms_usd(gateway.prices), idle.shipped_usd(prod, gateway.prices)
    return paragraph(
        f"A million streamed answers of {USUAL.seconds} seconds cost about **{usd(total)}** with {OPEN.title}:",
        f"{usd(parts['guardrail'])} for the guardrail, {usd(parts['model'])} for the model, and {usd(parts['gateway'])} for",
        f"the gateway. An idle environment costs **{usd(alone)}** a month, and {usd(alarms)} with the alarms of `prod`.",
        "[docs/cost.md](docs/cost.md) has other requests, the prices and their sources, containers, and how to pay less.",
    )
