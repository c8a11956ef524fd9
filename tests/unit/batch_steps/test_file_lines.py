"""Lines are found wherever the pieces of a file are cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from batch_steps import file_lines

texts = st.lists(st.binary(max_size=12).map(lambda part: part.replace(b"x", b"\n")), max_size=8).map(b"".join)


@given(texts, st.data(), st.integers(0, 8))
def test_any_cut(text: bytes, data: st.DataObject, max_bytes: int) -> None:
    """The lines are those of the whole file. A line that is too long has no content, but its place is known."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    found = list(file_lines.lines(pieces, max_bytes=max_bytes))
    assert [text[line.start : line.end] for line in found] == _split(text)
    assert [line.start for line in found] == [sum(map(len, _split(text)[:i])) for i in range(len(found))]
    for line in found:
        content = text[line.start : line.end].removesuffix(b"\n")
        assert line.content == (content if len(content) <= max_bytes else None)


def _split(text: bytes) -> list[bytes]:
    *lines, rest = text.split(b"\n")
    return [line + b"\n" for line in lines] + ([rest] if rest else [])
