"""A text file is read in every way that Bedrock may read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.converse import text_files

PREFIX = "\ufeff漢字漢字漢字 "  # no byte of it is 0 in UTF-16


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_other_encodings_hide_nothing(encoding: str) -> None:
    found = text_files.readings((PREFIX + "a SECRET here").encode(encoding), "txt")
    assert any("SECRET" in text for text in found)


def test_western_letters() -> None:
    """Windows writes CSV files in an encoding that is not UTF-8."""
    assert "Müller" in text_files.readings("Müller".encode("latin-1"), "csv")


@pytest.mark.parametrize("page", ["S&#69;CRET", "S&#x45;CRET", "SE<b>CR</b>ET", "SE<!-- a -->CRET"])
def test_html_hides_nothing(page: str) -> None:
    assert text_files.readings(page.encode(), "html") == [page, "SECRET"]


@pytest.mark.parametrize(
    "page",
    ["1 &lt; 2 S&#69;CRET 3 &gt; 2", "<img alt='S&#69;CRET'>", "<!-- S&#69;CRET -->", "a<b> S&#69;CRET </b>"],
)
@pytest.mark.parametrize("file_format", ["html", "md"])
def test_escapes_that_look_like_tags(page: str, file_format: str) -> None:
    """A word is found between escaped angle brackets, in attributes and in comments."""
    assert any("SECRET" in text for text in text_files.readings(page.encode(), file_format))


@given(st.text(), st.sampled_from(text_files.TEXT_FORMATS))
def test_plain_text_comes_first(text: str, file_format: str) -> None:
    """The text as it is comes first, and alone if it is plain."""
    found = text_files.readings(text.encode(), file_format)
    assert found[0] == text
    assert file_format in ("html", "md") or "\0" in text or "\ufffd" in text or len(found) == 1


@given(st.binary(max_size=200), st.sampled_from(text_files.TEXT_FORMATS))
def test_any_bytes_are_read(content: bytes, file_format: str) -> None:
    assert all(isinstance(text, str) for text in text_files.readings(content, file_format))
