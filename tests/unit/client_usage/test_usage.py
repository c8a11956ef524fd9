"""The tokens of a request are read from an answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_usage.usage import Usage, usage_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
COUNTS = st.integers(0, 2**53) | JSON


def test_every_count() -> None:
    """The counts of a complete `usage` object are read."""
    document = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 40},
    }
    assert usage_of(document) == Usage(100, 50, 60, 30, 40)


def test_without_details() -> None:
    """Without details no tokens are cached, and none are reasoning."""
    assert usage_of({"prompt_tokens": 23, "completion_tokens": 169}) == Usage(23, 169)


@pytest.mark.parametrize("count", [None, True, -1, 1.0, "1", [], {}, 2**53 + 1])
@pytest.mark.parametrize("name", ["prompt_tokens", "completion_tokens"])
def test_no_count(name: str, count: object) -> None:
    """Usage is not known if the prompt or the completion is not counted."""
    assert usage_of({"prompt_tokens": 1, "completion_tokens": 1, name: count}) is None


@pytest.mark.parametrize("document", [None, [], "usage", 1, {}, {"prompt_tokens": 1}])
def test_no_usage(document: object) -> None:
    """What is no `usage` object has no usage."""
    assert usage_of(document) is None


@pytest.mark.parametrize("details", [None, [], 7, "x", {"cached_tokens": -1, "reasoning_tokens": True}])
def test_malformed_details(details: object) -> None:
    """Malformed details count as none."""
    document = {"prompt_tokens": 5, "completion_tokens": 6}
    for name in ("prompt_tokens_details", "completion_tokens_details"):
        assert usage_of({**document, name: details}) == Usage(5, 6)


@given(
    st.fixed_dictionaries(
        {"prompt_tokens": st.integers(0, 2**53), "completion_tokens": st.integers(0, 2**53)},
        optional={
            "prompt_tokens_details": st.dictionaries(
                st.sampled_from(["cached_tokens", "cache_write_tokens"]), COUNTS
            ),
            "completion_tokens_details": st.dictionaries(st.just("reasoning_tokens"), COUNTS),
        },
    )
)
def test_parts_fit_the_whole(document: dict[str, Any]) -> None:
    """Cached and written tokens are never more than the prompt's, nor reasoning tokens than the completion's."""
    usage = usage_of(document)
    assert usage is not None
    assert min(usage) >= 0
    assert usage.cached_tokens + usage.cache_write_tokens <= usage.prompt_tokens
    assert usage.reasoning_tokens <= usage.completion_tokens


@given(JSON | st.dictionaries(st.sampled_from(["prompt_tokens", "completion_tokens"]), COUNTS))
def test_any_json(document: object) -> None:
    """Every JSON value has a usage or none, and nothing is raised."""
    usage = usage_of(document)
    assert usage is None or min(usage) >= 0
