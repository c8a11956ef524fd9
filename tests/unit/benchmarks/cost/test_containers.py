"""Containers beside the gateway."""

from __future__ import annotations

from decimal import Decimal

from benchmarks.cost.containers import LITELLM, PLAIN, break_even_per_s, replaced_usd, requests_per_month
from benchmarks.cost.gateway import Gateway
from benchmarks.cost.money import MILLION
from benchmarks.cost.prices import Prices
from benchmarks.cost.shapes import STREAM


def test_price_of_an_hour(listed: Prices) -> None:
    """Two tasks and a load balancer."""
    assert PLAIN.usd_per_hour(listed) == 2 * (Decimal("0.03238") + 2 * Decimal("0.00356")) + Decimal("0.0305")
    assert LITELLM.usd_per_hour(listed) > PLAIN.usd_per_hour(listed)


def test_break_even(gateway: Gateway) -> None:
    """At the break-even rate, a month of requests costs what a month of the containers costs."""
    costs = gateway.by_default(STREAM)
    rate = break_even_per_s(PLAIN, costs, gateway.prices)
    month = requests_per_month(rate) / MILLION * replaced_usd(costs)
    assert abs(month - PLAIN.usd_per_month(gateway.prices)) < Decimal("0.0001")
