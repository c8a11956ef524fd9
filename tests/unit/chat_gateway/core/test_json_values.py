"""JSON with too many values is known before it is parsed."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.core import json_values

_TEXT = st.text(st.sampled_from('a\\",[{]}:\n'))
_JSON = st.recursive(
    st.none() | st.integers() | _TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner),
    max_leaves=20,
)


def values_in(document: Any) -> int:
    inner = (
        document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    )
    return 1 + sum(map(values_in, inner))


@given(_JSON, st.integers(min_value=0, max_value=30), st.sampled_from([None, (",", ":"), (", ", ": ")]))
def test_count(document: Any, most: int, separators: tuple[str, str] | None) -> None:
    """Text in strings never counts. More values than allowed are found, and twice as many as there are pass."""
    count, text = values_in(document), json.dumps(document, separators=separators)
    if count > most + 1:
        assert json_values.are_more(text, most)
    if 2 * count <= most:
        assert not json_values.are_more(text, most)


@given(st.text())
def test_any_text(text: str) -> None:
    """Text that is no JSON is counted, too."""
    assert json_values.are_more(text, len(text)) is False
