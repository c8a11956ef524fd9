"""A request costs what its model's price says."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_usage.price_list import LongPrompt, Row
from client_usage.prices import (
    Price,
    Prices,
    cost_nano_usd,
    guardrail_usd_per_1000_text_units,
    to_text,
)
from client_usage.usage import Usage

SOURCES = Path(__file__).parents[3] / "lambda_src"
SMALL, LARGE = "openai.gpt-oss-20b-1:0", "us.openai.gpt-6-sol"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
LISTED = Prices.from_text(None)
OWN_ROW: Row = ("1", "2", None, None)
OWN_PRICE = Price(1_000_000, 2_000_000)

MICRO_USD = st.integers(0, 10_000 * 10**6)
TEXTS = MICRO_USD.map(lambda micro: f"{micro // 10**6}.{micro % 10**6:06}")
ROWS = st.dictionaries(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1),
    st.tuples(TEXTS, TEXTS, st.none() | TEXTS, st.none() | TEXTS),
)
PRICES = st.builds(
    Price,
    MICRO_USD,
    MICRO_USD,
    st.none() | MICRO_USD,
    st.none() | MICRO_USD,
    st.none() | st.just(LongPrompt(1000, 200, 150)),
)
COUNTS = st.integers(0, 10**7)


def own(**rows: Row) -> Prices:
    """Prices of which these are the environment's own."""
    return Prices.from_text(to_text(rows))


def test_listed() -> None:
    """The price of a listed model is in picodollars for a token."""
    assert LISTED.of_model(SMALL) == Price(70_000, 300_000)


def test_own_price_comes_first() -> None:
    """The environment's own price replaces the list's."""
    assert own(**{SMALL: OWN_ROW}).of_model(SMALL) == OWN_PRICE


def test_geography() -> None:
    """A profile with a price of its own has that price; another has its model's."""
    assert LISTED.of_model("us-gov.openai.gpt-oss-20b-1:0") == Price(84_000, 360_000)
    assert LISTED.of_model("eu.openai.gpt-oss-20b-1:0") == LISTED.of_model(SMALL)
    assert LISTED.of_model("mars.openai.gpt-oss-20b-1:0") is None


def test_own_price_of_the_model() -> None:
    """An own price for a model is also that of its profiles that have none."""
    prices = own(**{SMALL: OWN_ROW, "openai.gpt-6-sol": OWN_ROW})
    assert prices.of_model("eu.openai.gpt-oss-20b-1:0") == OWN_PRICE
    assert prices.of_model(LARGE) == LISTED.of_model(LARGE)


@pytest.mark.parametrize(
    ("arn", "model"),
    [
        (f"arn:aws:bedrock:us-east-1::foundation-model/{SMALL}", SMALL),
        (f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{LARGE}", LARGE),
        (f"arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/{SMALL}", SMALL),
    ],
)
def test_arns(arn: str, model: str) -> None:
    """An ARN that ends with a model's id has the model's price."""
    assert LISTED.of_model(arn) == LISTED.of_model(model)
    assert own(**{arn: OWN_ROW}).of_model(arn) == own(**{model: OWN_ROW}).of_model(arn)


@pytest.mark.parametrize("kind", ["application-inference-profile", "provisioned-model", "prompt"])
def test_arns_of_other_things(kind: str) -> None:
    """An ARN that names no model has only an own price, for the whole ARN."""
    arn = f"arn:aws:bedrock:us-east-1:123456789012:{kind}/{SMALL}"
    assert LISTED.of_model(arn) is None
    assert own(**{arn.rpartition("/")[2]: OWN_ROW}).of_model(arn) is None
    assert own(**{arn: OWN_ROW}).of_model(arn) == OWN_PRICE


@pytest.mark.parametrize("name", [f"{PROFILE}:foundation-model/{SMALL}", f"arn:foundation-model/{SMALL}"])
def test_arns_that_only_look_like_a_models(name: str) -> None:
    """Only the resource of a whole ARN names a model."""
    assert LISTED.of_model(name) is None


@given(st.text())
def test_any_name(model: str) -> None:
    """Text that is no listed model has no price, and nothing is raised."""
    assert LISTED.of_model(f"{model}?") is None


@pytest.mark.parametrize(
    ("tier", "price"),
    [
        (None, Price(70_000, 300_000)),
        ("default", Price(70_000, 300_000)),
        ("auto", Price(70_000, 300_000)),
        ("standard", Price(70_000, 300_000)),
        ("priority", Price(122_500, 525_000)),
        ("flex", Price(35_000, 150_000)),
        ("ultrafast", Price(420_000, 1_800_000)),
        ("", Price(420_000, 1_800_000)),
        ("a new tier", Price(420_000, 1_800_000)),
        (["priority"], Price(420_000, 1_800_000)),
    ],
)
def test_tiers(tier: Any, price: Price) -> None:
    """A price is that of the service tier, and an unknown tier has the dearest."""
    assert LISTED.of_model(SMALL, tier) == price


def test_tiers_of_all_prices() -> None:
    """A tier's factor is applied to every part of a price, rounded up."""
    prices = own(m=("0.000001", "1", "0.5", "0.000003"))
    assert prices.of_model("m", "priority") == Price(2, 1_750_000, 875_000, 6)


def test_cost() -> None:
    """Each kind of token costs its own price."""
    usage = Usage(100, 10, cached_tokens=50, cache_write_tokens=20, reasoning_tokens=5)
    assert cost_nano_usd(Price(1000, 3000, 100, 2000), usage) == 30 + 5 + 40 + 30


def test_cost_without_cache_prices() -> None:
    """Cached and written tokens cost as much as other input if they have no price."""
    usage = Usage(100, 0, cached_tokens=50, cache_write_tokens=20)
    assert cost_nano_usd(Price(1000, 3000), usage) == 100


def test_free_cache() -> None:
    """A price of zero is a price."""
    assert cost_nano_usd(Price(1000, 0, 0, 0), Usage(2, 0, cached_tokens=1, cache_write_tokens=1)) == 0


@pytest.mark.parametrize(("tokens", "cost"), [(0, 0), (1, 1), (1000, 1), (1001, 2)])
def test_cost_is_rounded_up_once(tokens: int, cost: int) -> None:
    """The sum is rounded up to a whole billionth of a dollar."""
    assert cost_nano_usd(Price(1, 0), Usage(tokens, 0)) == cost


def test_long_prompts_cost_more() -> None:
    """All tokens of a request with a long prompt cost more, for models that have such a price."""
    price = LISTED.of_model(LARGE)
    assert price is not None
    assert cost_nano_usd(price, Usage(272_000, 1000)) == 272_000 * 2200 + 1000 * 11_000
    assert cost_nano_usd(price, Usage(272_001, 1000)) == 272_001 * 4400 + 1000 * 16_500


@given(PRICES, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
def test_cost_grows(price: Price, other: int, cached: int, written: int, output: int, more: int) -> None:
    """A cost is never negative, and more tokens of a kind never cost less."""

    def cost(other: int, cached: int, written: int, output: int) -> int:
        return cost_nano_usd(price, Usage(other + cached + written, output, cached, written))

    counts = [other, cached, written, output]
    for kind in range(4):
        larger = [count + more * (kind == place) for place, count in enumerate(counts)]
        assert 0 <= cost(*counts) <= cost(*larger)


@given(PRICES, st.builds(Usage, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS))
def test_inconsistent_usage(price: Price, usage: Usage) -> None:
    """A cost is not negative even if more tokens are cached than the prompt has."""
    assert cost_nano_usd(price, usage) >= 0


@given(ROWS)
def test_round_trip(rows: dict[str, Row]) -> None:
    """Every own price is read as it was written."""
    prices = Prices.from_text(to_text(rows))
    assert prices.own.keys() == rows.keys()
    for model, row in rows.items():
        exact = [None if usd is None else Decimal(usd) * 10**6 for usd in row]
        assert list(prices.own[model][:4]) == exact


def test_text_is_compact() -> None:
    """Own prices have no spaces, since an environment variable has few bytes."""
    assert to_text({"m": ("0.07", "0.30", None, None)}) == '{"m":["0.07","0.30",null,null]}'


@pytest.mark.parametrize(
    "price",
    ["", "-1", "+1", "1e3", ".5", "5.", "01", "0.0000001", "10000.000001", "99999", " 1", "1\n", "\u0661"],
)
def test_unusable_prices(price: str) -> None:
    """A price that is no decimal, or out of range, is refused on both sides."""
    for row in ((price, "1", None, None), ("1", price, None, None), ("1", "1", price, price)):
        with pytest.raises(ValueError, match="A price is no decimal text"):
            to_text({"m": row})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        "[" * 100_000,
        '{"m":null}',
        '{"m":[]}',
        '{"m":["1","1",null]}',
        '{"m":["1","1",null,null,null]}',
        '{"m":[1,1,null,null]}',
        '{"m":[null,"1",null,null]}',
        '{"m":["1",null,null,null]}',
        '{"m":["1","1",false,null]}',
        '{"m":["1","1",null,{}]}',
        '{"":["1","1",null,null]}',
        '{"a b":["1","1",null,null]}',
        '{"m":["1","1",null,null],"m":["2","2",null,null]}',
    ],
)
def test_unusable_texts(text: str) -> None:
    """Text that is no list of own prices is refused."""
    with pytest.raises(ValueError, match=r"\w"):
        Prices.from_text(text)


@given(st.text() | st.from_regex(r'\{"[a-z.]+":\[("[0-9.]*"|null)(,("[0-9.]*"|null))*\]\}', fullmatch=True))
def test_any_text(text: str) -> None:
    """Every text is read or refused with ValueError."""
    try:
        prices = Prices.from_text(text)
    except ValueError:
        return
    assert all(price.input_pico_usd >= 0 for price in prices.own.values())


FILTERS = {"filtersConfig": [{"type": "HATE", "inputStrength": "HIGH", "outputStrength": "HIGH"}]}
ENTITIES = [{"type": "EMAIL", "action": "ANONYMIZE"}]
REGEXES = [{"name": "id", "pattern": "[0-9]{9}", "action": "BLOCK"}]


@pytest.mark.parametrize(
    ("policy", "usd"),
    [
        ({}, "0"),
        ({"contentPolicyConfig": FILTERS}, "0.15"),
        ({"contentPolicyConfig": {"filtersConfig": []}}, "0"),
        ({"topicPolicyConfig": {"topicsConfig": [{"name": "medicine"}]}}, "0.15"),
        ({"sensitiveInformationPolicyConfig": {"piiEntitiesConfig": ENTITIES}}, "0.10"),
        ({"sensitiveInformationPolicyConfig": {"regexesConfig": REGEXES}}, "0"),
        ({"contextualGroundingPolicyConfig": {"filtersConfig": [{"type": "GROUNDING"}]}}, "0.10"),
        ({"wordPolicyConfig": {"managedWordListsConfig": [{"type": "PROFANITY"}]}}, "0"),
        ({"automatedReasoningPolicyConfig": {"policies": ["arn:1", "arn:2"]}}, "0.34"),
        (
            {
                "contentPolicyConfig": FILTERS,
                "sensitiveInformationPolicyConfig": {
                    "piiEntitiesConfig": ENTITIES,
                    "regexesConfig": REGEXES,
                },
            },
            "0.25",
        ),
    ],
)
def test_guardrail(policy: dict[str, Any], usd: str) -> None:
    """A guardrail costs the sum of its policies' prices."""
    assert guardrail_usd_per_1000_text_units(policy) == Decimal(usd)


def test_functions_start_without_decimals() -> None:
    """Prices are looked up without the modules for decimals and dates."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import client_usage.prices; print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", code, str(SOURCES)]
    modules = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert {"decimal", "fractions", "datetime", "dataclasses"}.isdisjoint(modules)
