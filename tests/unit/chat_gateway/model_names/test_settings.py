"""Model names and regions as text for environment variables."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.model_names import settings
from chat_gateway.model_names.settings import NAME, REGION, Region, Target

_names = st.from_regex(NAME, fullmatch=True)
_regions = st.from_regex(REGION, fullmatch=True)
_models = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
_targets = st.builds(
    Target,
    model=_models,
    region=st.none() | _regions,
    weight=st.none() | st.integers(1, settings.MAX_WEIGHT),
    first_byte_s=st.none() | st.integers(1, 900) | st.floats(0.01, 900),
)
_guardrails = st.tuples(_models, st.integers(1, 99_999_999).map(str) | st.just("DRAFT"))
_urls = st.none() | st.just("https://vpce-1.example/openai/v1")


@given(st.dictionaries(_names, st.lists(_targets, min_size=1, max_size=settings.MAX_TARGETS).map(tuple)))
def test_names_round_trip(names: dict[str, tuple[Target, ...]]) -> None:
    """The functions read the names that the stack wrote."""
    assert settings.names_from_text(settings.names_to_text(names)) == names


@given(st.dictionaries(_regions, st.builds(Region, guardrail=st.none() | _guardrails, url=_urls)))
def test_regions_round_trip(regions: dict[str, Region]) -> None:
    """The functions read the regions that the stack wrote."""
    assert settings.regions_from_text(settings.regions_to_text(regions)) == regions


@given(
    st.text()
    | st.sampled_from(["[]", "{", '{"a":[]}', '{"a":[["m",1]]}', '{"a":[["m"]],"a":[["m"]]}', "[" * 100_000])
)
def test_bad_text_is_a_value_error(text: str) -> None:
    """A text that is wrong is a ValueError, which names a setting, and never another exception."""
    for read in (settings.names_from_text, settings.regions_from_text):
        with contextlib.suppress(ValueError):
            read(text)


@pytest.mark.parametrize("name", ["", "a/../b", "a//b", "arn:aws:bedrock:x", "a b", "-a", "a,b", "a" * 129])
def test_bad_name(name: str) -> None:
    """A name that an ARN, a list or a log line could not tell from something else is refused."""
    with pytest.raises(ValueError, match="does not match"):
        settings.names_from_text(settings.names_to_text({name: (Target("a.b"),)}))


@pytest.mark.parametrize("weight", [0, -1, 1.5, True, settings.MAX_WEIGHT + 1])
def test_bad_weight(weight: object) -> None:
    """A weight is a whole number above 0."""
    with pytest.raises(ValueError, match="a weight"):
        settings.names_from_text(f'{{"a":[["m",null,{str(weight).lower()}]]}}')
