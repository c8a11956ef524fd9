"""What the gateway costs for a million requests or jobs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cost import batches
from benchmarks.cost.gateway import Gateway, billed_ms, record_writes
from benchmarks.cost.shapes import ANSWER, JOB, STREAM, USUAL
from tests import hypothesis_profile

assert hypothesis_profile  # loaded by being imported


def test_request(gateway: Gateway) -> None:
    """A request of 1.001 s with half a GB costs half of 1.001 GB-seconds, a call, a request of the API and its logs."""
    costs = gateway.by_default(ANSWER)
    assert costs.lambda_time == Decimal("5.005")
    assert costs.lambda_calls == Decimal("0.20")
    assert costs.api_gateway == Decimal("3.50")
    assert costs.logs == Decimal("0.65")
    assert costs.dynamodb == costs.sqs == 0
    assert costs.total == sum(costs)


def test_job(gateway: Gateway) -> None:
    """A hundred jobs share 300.1 s of a worker. They pay for no API, but for their records and queues."""
    costs = gateway.by_default(JOB)
    assert costs.lambda_time == Decimal("30.01")
    assert costs.api_gateway == 0
    assert costs.sqs == Decimal("2.40")
    assert costs.dynamodb == record_writes(JOB) * Decimal("0.625")


def test_half_of_the_width(gateway: Gateway) -> None:
    """With half as many jobs in a worker, Lambda's time costs about twice as much."""
    usual, half = (gateway.costs(JOB, 1024, width=width).lambda_time for width in (100, 50))
    assert Decimal("1.99") < half / usual < Decimal(2)


@pytest.mark.parametrize(("mib", "own_ms"), [(128, 10), (256, 10), (512, 1), (10_240, 1)])
def test_own_time(gateway: Gateway, mib: int, own_ms: int) -> None:
    """A size that was not measured has the time of the next smaller size."""
    assert gateway.function.own_ms(mib) == own_ms


@given(
    st.integers(min_value=128, max_value=10_240),
    st.integers(min_value=1, max_value=300),
    st.decimals(min_value=0, max_value=1000, places=3),
)
def test_jobs_are_billed_once(mib: int, together: int, own_ms: Decimal) -> None:
    """The jobs of a call together are billed its whole time, rounded up to a millisecond."""
    call_ms = round(billed_ms(JOB, own_ms, together) * together, 6)
    assert 0 <= call_ms - (300_000 + together * own_ms) < 1


def test_line_of_a_batch(gateway: Gateway) -> None:
    """The range of a batch's lines has only the calls of SQS in it, and the record of a usual answer has 3 KB."""
    costs = batches.costs(gateway, USUAL)
    assert costs.at_most - costs.at_least == costs.sqs_at_most - costs.sqs_at_least == Decimal("0.9")
    assert record_writes(STREAM) == 4
