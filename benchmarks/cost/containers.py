"""What an always-on container proxy costs, and the request rate from which it is cheaper than the gateway."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from benchmarks.cost.gateway import Costs
from benchmarks.cost.money import HOURS_PER_MONTH, MILLION
from benchmarks.cost.prices import Prices

_SECONDS_PER_HOUR = 3600


class Containers(NamedTuple):
    """Fargate tasks on Arm behind one load balancer, which use one capacity unit of it."""

    title: str
    tasks: int
    vcpu: int
    memory_gb: int

    def usd_per_hour(self, prices: Prices) -> Decimal:
        """What they cost in an hour, with any number of requests."""
        task = self.vcpu * prices.usd("fargate_arm_vcpu_hour") + self.memory_gb * prices.usd(
            "fargate_arm_gb_hour"
        )
        return self.tasks * task + prices.usd("load_balancer_hour") + prices.usd("load_balancer_unit_hour")

    def usd_per_month(self, prices: Prices) -> Decimal:
        return self.usd_per_hour(prices) * HOURS_PER_MONTH


PLAIN = Containers("two tasks, each with 1 vCPU and 2 GB", tasks=2, vcpu=1, memory_gb=2)
# https://docs.litellm.ai/docs/proxy/prod.md (of 2026-10-10): 1 vCPU and at least 4 GiB for each worker
LITELLM = Containers("two tasks of LiteLLM's proxy, each with 1 vCPU and 4 GB", tasks=2, vcpu=1, memory_gb=4)


def replaced_usd(costs: Costs) -> Decimal:
    """The part of the gateway's costs for a million requests that a container would not have."""
    return costs.lambda_time + costs.lambda_calls + costs.api_gateway


def break_even_per_s(containers: Containers, costs: Costs, prices: Prices) -> Decimal:
    """The constant number of requests a second from which the containers are cheaper."""
    usd_per_request = replaced_usd(costs) / MILLION
    return containers.usd_per_hour(prices) / (_SECONDS_PER_HOUR * usd_per_request)


def requests_per_month(rate_per_s: Decimal) -> Decimal:
    """How many requests a constant rate makes in a month."""
    return rate_per_s * _SECONDS_PER_HOUR * HOURS_PER_MONTH
