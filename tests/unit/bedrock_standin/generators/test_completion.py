"""What a generator makes, in pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from local.bedrock_standin.generators.completion import pieces_of


@given(st.text(st.sampled_from("a <>/reasoning\n")) | st.text())
def test_pieces_joined_are_the_text(text: str) -> None:
    """No piece is empty, and none is lost."""
    pieces = pieces_of(text)
    assert "".join(pieces) == text
    assert all(pieces)
