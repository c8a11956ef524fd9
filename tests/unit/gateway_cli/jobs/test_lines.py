"""Lines are read from any bytes, and memory does not depend on the lines."""

from __future__ import annotations

import io
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway_cli.jobs import lines
from gateway_cli.jobs.lines import FileLine

MAX = 8


def read(raw: bytes, max_bytes: int = MAX) -> list[FileLine]:
    return list(lines.read(io.BytesIO(raw), max_bytes=max_bytes))


@given(
    st.lists(st.sampled_from([b"a", b"bc", b"\xff", b"\r", b"\n", b" ", b"\xef\xbb\xbf", b"x" * 9])).map(
        b"".join
    )
)
@example(b"\xef\xbb\xbf12345678\r\n")
@example(b"12345678\r\n12345678\n12345678")
def test_lines_have_number_and_content(raw: bytes) -> None:
    """Every line has its number and its content; only a line that is too long has no content."""
    expected = {}
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if content := line.strip(b" \t\r\n"):
            expected[number] = content
    found = {line.number: line.raw for line in read(raw)}
    # What is long only with the white space around it may count as too long.
    assert {n: c for n, c in found.items() if c is not None} == {
        n: expected[n] for n, c in found.items() if c
    }
    for number, content in expected.items():
        assert number in found
        if len(content) > MAX:
            assert found[number] is None


@given(st.lists(st.binary(min_size=1, max_size=MAX).filter(lambda b: b.strip(b" \t\r\n") and b"\n" not in b)))
def test_lines_that_fit_are_all_read(contents: list[bytes]) -> None:
    raw = b"\r\n".join(contents)
    found = [line.raw for line in read(raw)]
    first, *rest = contents or [b""]
    stripped = [content.strip(b" \t\r\n") for content in (first.removeprefix(b"\xef\xbb\xbf"), *rest)]
    assert found == [content for content in stripped if content]


def test_a_line_after_one_that_is_too_long_keeps_its_number() -> None:
    assert read(b"x" * 200_000 + b"\nok\n\nend") == [
        FileLine(1, None),
        FileLine(2, b"ok"),
        FileLine(4, b"end"),
    ]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_huge_line_is_not_held_in_memory(end: bytes) -> None:
    file = io.BytesIO(b"x" * 20_000_000 + end)
    tracemalloc.start()
    try:
        assert list(lines.read(file, max_bytes=100_000)) == [FileLine(1, None)]
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
