"""A gateway whose prices, settings and measurements are round numbers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from benchmarks.cost import prices
from benchmarks.cost.defaults import Defaults
from benchmarks.cost.gateway import Gateway
from benchmarks.cost.measurements import Function
from benchmarks.cost.prices import Prices

POLICY = {"contentPolicyConfig": {"filtersConfig": [{"type": "HATE"}]}}


@pytest.fixture
def listed() -> Prices:
    """The prices of prices.toml, with a round one for Lambda's time."""
    rows = dict(prices.read().rows)
    rows["lambda_arm_gb_second"] = rows["lambda_arm_gb_second"]._replace(usd=Decimal("0.00001"))
    return Prices(rows)


@pytest.fixture
def gateway(listed: Prices) -> Gateway:
    """512 MiB for requests, 1024 MiB for a hundred jobs, and 1 ms of its own for each."""
    function = Function(
        own_ms_by_mib={128: Decimal(10), 512: Decimal(1)},
        cpu_ms=Decimal("1.5"),
        init_ms=Decimal(100),
        peak_mib=Decimal(26),
        large_peak_mib=Decimal(52),
    )
    defaults = Defaults(
        chat_mib=512, worker_mib=1024, authorizer_mib=512, width=100, key_max_age_s=300, policy=POLICY
    )
    return Gateway(listed, defaults, function)
