"""What an environment costs in a month in which nobody calls it."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from benchmarks.cost.money import MILLION
from benchmarks.cost.prices import Prices

# Lambda polls each queue with five long polls of 20 seconds: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
QUEUES, _POLLERS, _POLL_S = 2, 5, 20
_MONTH_S = 730 * 3600
_FREE_SQS_REQUESTS = MILLION
# tests/infra/monitoring/test_cost_counts.py counts these in the template.
ALARMS, ALARM_METRICS, COMPOSITE_ALARMS = 22, 43, 1
USED_METRICS = 25


class Environment(NamedTuple):
    """An environment as it is shipped: environments/NAME.toml."""

    name: str
    has_alarms: bool
    has_dashboard: bool


ENVIRONMENTS = (
    Environment("dev", has_alarms=False, has_dashboard=False),
    Environment("staging", has_alarms=False, has_dashboard=False),
    Environment("prod", has_alarms=True, has_dashboard=True),
)


def polls() -> int:
    """The SQS requests of one idle environment in a month."""
    return QUEUES * _POLLERS * _MONTH_S // _POLL_S


def polling_usd(prices: Prices, environments: int = 1) -> Decimal:
    """What the polls of all environments in one account cost, after the account's free million."""
    billed = max(0, environments * polls() - _FREE_SQS_REQUESTS)
    return Decimal(billed) / MILLION * prices.usd("sqs_million")


def alarms_usd(prices: Prices) -> Decimal:
    """What the alarms cost."""
    composite = COMPOSITE_ALARMS * prices.usd("composite_alarm_month")
    return ALARM_METRICS * prices.usd("alarm_metric_month") + composite


def without_alarms_usd(prices: Prices) -> Decimal:
    """What an environment costs that is alone in its account and has no alarms: the secret and the polling."""
    return prices.usd("secret_month") + polling_usd(prices)


def shipped_usd(environment: Environment, prices: Prices) -> Decimal:
    """What the environment costs alone in its account, if the account has less than three other dashboards."""
    alarms = alarms_usd(prices) if environment.has_alarms else Decimal(0)
    return without_alarms_usd(prices) + alarms


def in_one_account_usd(prices: Prices) -> Decimal:
    """What all three environments cost in one account."""
    secrets = len(ENVIRONMENTS) * prices.usd("secret_month")
    alarms = sum(environment.has_alarms for environment in ENVIRONMENTS) * alarms_usd(prices)
    return secrets + polling_usd(prices, len(ENVIRONMENTS)) + alarms
