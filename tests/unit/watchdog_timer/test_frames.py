"""A traceback shows a frame's name, whatever the name was made from."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdog_timer import named, named_items


def caller() -> str:
    return sys._getframe(1).f_code.co_name


def test_a_call_is_made_below_the_name() -> None:
    """A call runs below a frame with the name, and its result or exception comes through."""
    assert named("request abc=", caller) == "request abc="
    assert named("request abc=", divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        named("request abc=", divmod, 1, 0)


def test_items_are_made_below_the_name() -> None:
    """Each item is made below a frame with the name, and closing the iterator closes its source."""
    closed = []

    def items() -> Iterator[bytes]:
        try:
            while True:
                yield sys._getframe(1).f_code.co_name.encode()
        finally:
            closed.append(True)

    iterator = named_items("request abc=", items())
    assert [next(iterator), next(iterator)] == [b"request abc="] * 2
    iterator.close()  # type: ignore[attr-defined]
    assert closed == [True]


@given(st.text(max_size=300))
def test_any_name_is_printable_and_short(text: str) -> None:
    """A caller may choose an ID, so the name is printable and short, and cannot end or fill a log line."""
    name = named(text, caller)
    assert len(name) == min(len(text), 200)
    assert all(" " <= character <= "~" for character in name)
    if text.isascii() and text.isprintable():
        assert name == text[:200]
