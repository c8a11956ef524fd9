"""A generator's completion, in pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from local.bedrock_standin.generators.completion import pieces_of


@given(st.text(st.sampled_from("a <>/reasoning\n")) | st.text())
def test_pieces_joined_are_the_text(text: str) -> None:
    """Joined, the pieces are the text, and no piece is empty."""
    pieces = pieces_of(text)
    assert "".join(pieces) == text
    assert all(pieces)
