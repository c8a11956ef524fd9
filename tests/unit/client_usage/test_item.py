"""The items of the usage table are found by their keys, and read without errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_keys.policy import CLIENT_ID
from client_usage import item as usage_item

JSON = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text(), max_size=1)
MODEL = "openai.gpt-oss-20b-1:0"


def test_keys() -> None:
    """A day's items have one partition; each client's counters have one of their own."""
    assert usage_item.of_day("2026-11-26", "team-a") == {
        "pk": {"S": "usage#2026-11-26"},
        "sk": {"S": "team-a"},
    }
    assert usage_item.of_counters("team-a") == {"pk": {"S": "counters#team-a"}, "sk": {"S": "counters"}}


def test_no_client() -> None:
    """Requests without a client have an item of their own, whose key no client's id can be."""
    assert usage_item.of_day("2026-11-26", None)["sk"] == {"S": usage_item.NO_CLIENT}
    assert CLIENT_ID.fullmatch(usage_item.NO_CLIENT) is None


@pytest.mark.parametrize(
    "model", [MODEL, "arn:aws:bedrock:us-east-1:1:inference-profile/a.b", "a#b", "other"]
)
def test_read(model: str) -> None:
    """The measures of a model are read back under its name."""
    item = {usage_item.attribute(name, model): {"N": str(n)} for n, name in enumerate(usage_item.MEASURES)}
    expected = {name: n for n, name in enumerate(usage_item.MEASURES)}
    assert usage_item.read({**usage_item.of_day("2026-11-26", "team-a"), **item}) == {model: expected}


@pytest.mark.parametrize(
    "attribute",
    [
        {"requests": {"N": "1"}},
        {"expires_at": {"N": "1"}},
        {f"something#{MODEL}": {"N": "1"}},
        {f"requests#{MODEL}": {"S": "1"}},
        {f"requests#{MODEL}": {"N": "1.5"}},
        {f"requests#{MODEL}": {"N": "-1"}},
        {f"requests#{MODEL}": {"N": 1}},
        {f"requests#{MODEL}": "1"},
        {f"requests#{MODEL}": {"N": "²"}},
        {f"requests#{MODEL}": {"N": ""}},
    ],
)
def test_other_attributes(attribute: dict[str, object]) -> None:
    """What is no measure of a model is left out."""
    assert usage_item.read(attribute) == {}


NAMES = st.text() | st.builds(usage_item.attribute, st.sampled_from(usage_item.MEASURES), st.text())


@given(st.dictionaries(NAMES, JSON | st.fixed_dictionaries({"N": JSON | st.integers().map(str)})))
def test_any_item(item: dict[str, object]) -> None:
    """Whatever is stored, only whole numbers of known measures are read."""
    for measures in usage_item.read(item).values():
        assert measures.keys() <= set(usage_item.MEASURES)
        assert all(number >= 0 for number in measures.values())
