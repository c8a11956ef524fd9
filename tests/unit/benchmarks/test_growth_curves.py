"""Whether a cost grows in proportion to its input, and the inputs that grow."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import events
from benchmarks.growth import curve
from benchmarks.growth.curve import Point
from benchmarks.growth.inputs import INPUTS
from benchmarks.growth.requests import point, sample

COUNTS = (1, 10, 100, 400)
POSITIVE = st.floats(min_value=0.001, max_value=1000)


def points(cost_ms: Callable[[int], float]) -> list[Point]:
    """Points with this CPU time, and a latency that is none of it."""
    return [
        Point(count=count, body_bytes=count * 1000, p50_ms=1.0, cpu_ms=cost_ms(count), peak_mib=None)
        for count in COUNTS
    ]


@given(fixed=st.floats(min_value=0, max_value=1), each=POSITIVE)
def test_a_fixed_cost_cancels_out(fixed: float, each: float) -> None:
    """A cost that is fixed and in proportion has the steepness 1."""
    assert curve.steepening(points(lambda count: fixed + each * count)) == pytest.approx(1.0)


@given(fixed=POSITIVE, each=POSITIVE)
def test_a_quadratic_cost_is_steep(fixed: float, each: float) -> None:
    """A quadratic cost is far above 1, however large the fixed cost is, unless it is within the noise."""
    quadratic = points(lambda count: fixed + each * count**2)
    if quadratic[2].cost_ms > 1.1 * quadratic[1].cost_ms:
        assert curve.steepening(quadratic) == pytest.approx(500 / 110)


def test_a_small_quadratic_part_is_found() -> None:
    """A scan of all messages for each message is found, if it takes an eighth of the time of the longest history."""
    measured = points({1: 0.70, 10: 0.79, 100: 1.76, 400: 5.01}.__getitem__)
    assert curve.steepening(measured) < 1.1
    scan_ms = 0.125 * 5.01 / 400**2
    scanning = points(
        {
            1: 0.70 + scan_ms,
            10: 0.79 + scan_ms * 10**2,
            100: 1.76 + scan_ms * 100**2,
            400: 5.01 + scan_ms * 400**2,
        }.__getitem__
    )
    assert curve.steepening(scanning) > 1.1


def test_noise_is_no_growth() -> None:
    """Differences of a few percent between small sizes are not growth."""
    assert curve.steepening(points({1: 1.0, 10: 1.0, 100: 0.99, 400: 1.01}.__getitem__)) < 1


def test_the_rise_is_over_all_sizes() -> None:
    """The rise compares the largest with the smallest size, by latency where there is no CPU time."""
    assert curve.rise(points(lambda count: 2.0 if count == 400 else 1.0)) == 2.0
    timed = [
        Point(count=count, body_bytes=1, p50_ms=ms, cpu_ms=None, peak_mib=None)
        for count, ms in ((1, 2.0), (10, 3.0))
    ]
    assert curve.rise(timed) == 1.5


@pytest.mark.parametrize("grows", INPUTS, ids=lambda grows: grows.name)
def test_inputs_have_their_counts(grows: object) -> None:
    """Each request has so many messages or tools; the first and the last message are the user's."""
    messages, tools = INPUTS
    inputs = messages if grows is messages else tools
    for count in inputs.counts:
        document = json.loads(inputs.body(count))
        assert len(document["messages" if inputs is messages else "tools"] if count else []) == count
        assert {document["messages"][0]["role"], document["messages"][-1]["role"]} == {"user"}


def test_each_unit_has_the_same_size() -> None:
    """A message has about 1,000 bytes, and a tool about 500."""
    for grows, size in zip(INPUTS, (1036, 496), strict=True):
        second, third = grows.counts[2:]
        each = (len(grows.body(third)) - len(grows.body(second))) / (third - second)
        assert each == pytest.approx(size, rel=0.02)


def test_points_are_medians() -> None:
    """A point has the medians of its samples; without CPU times it has none."""
    measured = point(10, 99, [(1.0, 0.1), (9.0, 0.2), (2.0, 0.9)], None)
    assert (measured.p50_ms, measured.cpu_ms, measured.body_bytes) == (2.0, 0.2, 99)
    assert sample(None, lambda: 0.002) == (2.0, None)


def test_clients_differ() -> None:
    """Events of different clients have different keys and names."""
    assert b"team-7" in events.chat_event(b"{}", client="team-7")
    assert b"Bearer bcg-7" in events.authorizer_event(key="bcg-7")
