"""What the model and the guardrail cost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cost import defaults, inference, savings, shapes
from benchmarks.cost.inference import Check
from benchmarks.cost.shapes import MODELS, OPEN, STREAM, USUAL, Model
from client_usage import price_list
from client_usage.usage import Usage
from tests import hypothesis_profile

assert hypothesis_profile  # loaded by being imported


def test_model() -> None:
    """A million requests cost what a million times their tokens cost by the gateway's list."""
    (row,) = (block.rows[OPEN.id] for block in price_list.MODELS if OPEN.id in block.rows)
    expected = 1000 * Decimal(row[0]) + 500 * Decimal(row[1])
    assert inference.of_shape(OPEN, STREAM) == expected


@pytest.mark.parametrize("model", MODELS)
def test_each_model_has_a_price(model: Model) -> None:
    """The models of the page are in the gateway's list."""
    assert inference.of_shape(model, USUAL) > 0


def test_unknown_model() -> None:
    """A model without a price is an error, never free."""
    with pytest.raises(ValueError, match="no price"):
        inference.model_usd(Model("made.up", "made up"), Usage(1, 1))


def test_default_guardrail() -> None:
    """The default guardrail charges for content filters and personal data: 6 text units of 25 cents for 1,000."""
    assert inference.guardrail_usd(STREAM, defaults.current().policy) == 1500


def test_direction() -> None:
    """A policy that checks one text charges for that text only."""
    one = Check(Decimal(1))
    both = inference.checks_usd(STREAM, [one])
    prompt = inference.checks_usd(STREAM, [one._replace(answer=False)])
    assert prompt + inference.checks_usd(STREAM, [one._replace(prompt=False)]) == both
    assert prompt == 4000


@given(st.integers(min_value=0, max_value=10**6))
def test_text_units_are_rounded_up(tokens: int) -> None:
    """The text units hold all characters, and none is empty."""
    units = shapes.text_units(tokens)
    assert 0 <= units * 1000 - tokens * 4 < 1000


def test_every_saving_saves() -> None:
    """The ways to pay less for the guardrail cost less than the default, and say what is lost."""
    default, *ways = savings.of_guardrail()
    assert ways
    for way in ways:
        assert way.usd < default.usd, way.what
        assert way.effect, way.what
