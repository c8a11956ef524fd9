"""The order in which a request asks the targets of a name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.model_names import weights
from chat_gateway.model_names.settings import MAX_TARGETS, MAX_WEIGHT, Target

A, B, LAST = Target("a", weight=95), Target("b", weight=5), Target("c")


def test_without_weights() -> None:
    """Targets without weights are asked in the given order."""
    plain = (Target("a"), Target("b"))
    assert weights.ordered(plain, lambda: 0.9) == list(plain)


@pytest.mark.parametrize(
    ("fraction", "order"),
    [(0.0, [A, B, LAST]), (0.949, [A, B, LAST]), (0.95, [B, A, LAST]), (0.999, [B, A, LAST])],
)
def test_the_first_is_drawn(fraction: float, order: list[Target]) -> None:
    """The first target is drawn by the weights. The others follow in the given order, those without a weight last."""
    assert weights.ordered((LAST, A, B), lambda: fraction) == order


@given(
    st.lists(st.integers(1, MAX_WEIGHT), min_size=1, max_size=MAX_TARGETS),
    st.floats(0, 1, exclude_max=True),
)
def test_each_target_is_asked_once(numbers: list[int], fraction: float) -> None:
    """Whatever number is drawn, no target is left out or asked twice."""
    targets = [Target(str(index), weight=weight) for index, weight in enumerate(numbers)]
    assert sorted(weights.ordered(targets, lambda: fraction)) == sorted(targets)
