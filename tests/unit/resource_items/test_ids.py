"""Ids sort by age, differ, and have the form that is looked up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_items import ids

PREFIXES = [ids.FILE, ids.UPLOAD, ids.PART, ids.BATCH]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_form(prefix: str) -> None:
    """An id has its prefix, the time and 128 random bits, and is one itself."""
    id_ = ids.new(prefix, 1_800_000_000.123)
    assert id_.startswith(f"{prefix}{1_800_000_000_123:011x}")
    assert len(id_) == len(prefix) + 11 + 32
    assert ids.is_id(id_)


def test_unique() -> None:
    """Ids of the same moment differ."""
    assert len({ids.new(ids.FILE, 1.0) for _ in range(1000)}) == 1000


@given(st.tuples(st.integers(0, 2**44 - 1), st.integers(0, 2**44 - 1)))
def test_order(times_ms: tuple[int, int]) -> None:
    """The id that was made first sorts first."""
    first, second = sorted(times_ms)
    if first != second:
        assert ids.new(ids.FILE, (first + 0.5) / 1000) < ids.new(ids.FILE, (second + 0.5) / 1000)


@pytest.mark.parametrize(
    "text", ["", "a" * 65, "file-1/../2", "file 1", "file-ä", "file-1\n", None, 1, ["a"]]
)
def test_other_text(text: object) -> None:
    """Text that cannot be an id is told apart."""
    assert not ids.is_id(text)


@given(st.integers(0, 2**44 - 1), st.sampled_from(PREFIXES), st.sampled_from(PREFIXES))
def test_kinds(made_at_ms: int, prefix: str, other: str) -> None:
    """An id is of the kind whose prefix it has."""
    id_ = ids.new(prefix, made_at_ms / 1000)
    assert ids.is_of_kind(id_, other) is (prefix == other)
    assert not ids.is_of_kind(id_[:-1], prefix)
    assert not ids.is_of_kind(id_ + "0", prefix)


@given(st.integers(0, 2**44 - 1), st.sampled_from(PREFIXES))
def test_when_it_was_made(made_at_ms: int, prefix: str) -> None:
    """An id says when it was made. Other text says nothing."""
    assert abs(ids.made_at_s(ids.new(prefix, made_at_ms / 1000)) * 1000 - made_at_ms) < 1.5
    assert ids.made_at_s("batch_abc") == 0
