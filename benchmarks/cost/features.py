"""What single features cost: nothing for whoever does not use them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from benchmarks.cost import idle
from benchmarks.cost.money import HOURS_PER_MONTH
from benchmarks.cost.prices import Prices

_ZONES = 2
_ENDPOINTS = 4
_WAF_RULES = 2
_METRIC_LINE_KB = Decimal("0.4")


class Feature(NamedTuple):
    """A feature, the setting that turns it on, and US dollars a month and for a million requests. None: nothing."""

    title: str
    setting: str
    month_usd: Decimal | None = None
    million_usd: Decimal | None = None
    is_upper_bound: bool = False


def endpoint_usd(prices: Prices) -> Decimal:
    """What one interface endpoint costs in a month, in one zone."""
    return prices.usd("interface_endpoint_hour") * HOURS_PER_MONTH


def updates_usd(prices: Prices, updates: int, kb: int = 1) -> Decimal:
    """What DynamoDB's updates for a million requests cost, if an item has so many KB."""
    return updates * kb * prices.usd("dynamodb_write_million")


def all_features(prices: Prices) -> Iterator[Feature]:
    """Every feature that costs something, by concern."""
    yield from _of_clients(prices)
    yield from _of_monitoring(prices)
    yield from _of_the_network(prices)


def _of_clients(prices: Prices) -> Iterator[Feature]:
    rpm, limits = "clients with requests per minute only", "clients with limits or a budget"
    yield Feature(limits, "`clients create --tokens-per-minute …`", million_usd=updates_usd(prices, 3))
    yield Feature(rpm, "`clients create --requests-per-minute …`", million_usd=updates_usd(prices, 2))
    record = "usage records of clients without limits"
    yield Feature(record, "`clients.record_usage`", million_usd=updates_usd(prices, 1))


def _of_monitoring(prices: Prices) -> Iterator[Feature]:
    metrics_usd = idle.USED_METRICS * prices.usd("metric_month")
    lines_usd = _METRIC_LINE_KB * prices.usd("logs_gb")
    metrics = f"metrics ({idle.USED_METRICS}, in a month with requests)"
    yield Feature(metrics, "`monitoring.metrics`", metrics_usd, lines_usd)
    alarms = f"alarms ({idle.ALARMS}, which read {idle.ALARM_METRICS} metrics, and one composite alarm)"
    yield Feature(alarms, "`monitoring.alarms`", idle.alarms_usd(prices))
    dashboard = "dashboard, after the account's first three"
    yield Feature(dashboard, "`monitoring.dashboard`", prices.usd("dashboard_month"))
    traces = "traces, if X-Ray records every request (by default one a second and 5 % of the others)"
    yield Feature(traces, "`monitoring.tracing`", None, prices.usd("trace_million"), is_upper_bound=True)


def _of_the_network(prices: Prices) -> Iterator[Feature]:
    endpoints = f"functions in a VPC: {_ENDPOINTS} interface endpoints in {_ZONES} zones"
    yield Feature(endpoints, "`[network]`", _ENDPOINTS * _ZONES * endpoint_usd(prices))
    private = f"private API: one endpoint more, in {_ZONES} zones"
    yield Feature(private, "`[network]`, `private_api`", _ZONES * endpoint_usd(prices))
    proof = f"the proof of a private API: one endpoint more, in {_ZONES} zones"
    yield Feature(proof, "`proof.on_deploy`", _ZONES * endpoint_usd(prices))
    waf_usd = prices.usd("waf_acl_month") + _WAF_RULES * prices.usd("waf_rule_month")
    waf = f"web ACL with {_WAF_RULES} rules"
    yield Feature(waf, "`[waf]`", waf_usd, prices.usd("waf_requests_million"))
    yield Feature("KMS key of yours", "`account.kms_key_arn`", prices.usd("kms_key_month"))
