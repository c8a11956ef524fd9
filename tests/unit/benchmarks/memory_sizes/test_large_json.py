"""The largest JSON keeps within the limits of requests and answers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.memory_sizes import large_answers, large_json, large_requests
from benchmarks.memory_sizes.large_answers import Wanted

SIZE_BYTES = 100_000
KINDS = sorted(large_json.BY_KIND)
# The limits of chat_gateway.core: json_depth, foreign_json (answers) and strict_json (requests).
MAX_DEPTH, MAX_VALUES, MAX_OBJECTS_AND_LISTS = 100, 500_000, 400_000


def depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, inner), default=0)


@pytest.mark.parametrize("kind", KINDS)
def test_size(kind: str) -> None:
    """JSON of each kind is as large as it may be, but not larger."""
    size_bytes = len(large_json.BY_KIND[kind](SIZE_BYTES).encode())
    assert size_bytes <= SIZE_BYTES
    assert kind == large_json.SMALL or size_bytes > 0.98 * SIZE_BYTES


@pytest.mark.parametrize("kind", KINDS)
def test_depth(kind: str) -> None:
    """No document is refused because it is too deep."""
    asked = Wanted(kind, SIZE_BYTES)
    for document in (large_answers.whole(asked), large_answers.converse(asked)):
        assert len(document) <= SIZE_BYTES
        assert depth(json.loads(document)) <= MAX_DEPTH
    request = large_requests.body(kind, SIZE_BYTES, answer=kind, answer_bytes=1)
    assert len(request) <= SIZE_BYTES
    assert depth(json.loads(request)) <= MAX_DEPTH


def test_number_of_values() -> None:
    """The largest answer of objects has nearly as many values as it may have, and the largest request is not refused."""
    values = large_json.objects(8 * 1024 * 1024).count("{")
    assert 0.95 * MAX_VALUES < values < MAX_VALUES
    assert large_json.objects(4_500_000).count("{") < MAX_OBJECTS_AND_LISTS


@given(kind=st.sampled_from(KINDS), size_bytes=st.integers(min_value=0, max_value=10**9))
def test_model(kind: str, size_bytes: int) -> None:
    """The model's name says what the upstream answers."""
    assert large_answers.wanted(f"/model/{large_answers.model(kind, size_bytes)}/converse") == (
        kind,
        size_bytes,
    )


def test_other_model() -> None:
    """A request for another model is an error of the benchmark."""
    with pytest.raises(ValueError, match="not one of the largest answers"):
        large_answers.wanted("/model/other/converse")
