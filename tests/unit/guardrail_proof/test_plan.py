"""The plan is read as it was written, and nothing else is taken for a plan."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrail_proof.plan import Plan
from tests.unit.guardrail_proof.plans import PLANS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["native", "x"]), inner),
)


@given(PLANS)
def test_a_plan_is_read_as_it_was_written(plan: Plan) -> None:
    """All names, models and regions are the same afterwards."""
    assert Plan.from_text(plan.to_text()) == plan


@given(JSON.map(json.dumps) | st.text() | st.lists(JSON, min_size=4, max_size=4).map(json.dumps))
def test_other_text_is_read_or_refused(text: str) -> None:
    """No text has another end than a plan of the right types or ValueError."""
    with contextlib.suppress(ValueError):
        plan = Plan.from_text(text)
        assert Plan.from_text(plan.to_text()) == plan


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '[[], [], {"other": "m"}, []]',
        '[[], [], {}, [["us-west-2", "https://x", ["id"], {}]]]',
        '["ab", [], {}, []]',
    ],
)
def test_what_is_no_plan_is_refused(text: str) -> None:
    """Deep nesting, unknown routes, half a guardrail, and a text where a list must be."""
    with pytest.raises(ValueError, match="no plan"):
        Plan.from_text(text)


def test_a_name_is_one_whether_it_is_tried_or_not() -> None:
    """A model's id is no name."""
    plan = Plan(names=("fast",), untried=("also-fast",), models={}, regions=())
    assert [plan.has_name(name) for name in ("fast", "also-fast", "m")] == [True, True, False]
