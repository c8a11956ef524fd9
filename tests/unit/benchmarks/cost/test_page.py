"""docs/cost.md and README.md have the numbers that the calculation has, and no other page has costs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.cost import __main__ as command
from benchmarks.cost import idle, page
from benchmarks.cost.money import usd
from benchmarks.cost.page import PageError
from benchmarks.cost.prices import read
from benchmarks.markdown import table
from tests import documents

# Decisions and changes keep the prices of their date.
DATED = ("docs/adr/", "CHANGELOG.md", "response-streaming/CHANGELOG.md")
OTHERS = [
    name
    for pattern in ("*.md", "docs/**/*.md", "response-streaming/*.md")
    for name in documents.names(pattern)
    if not name.startswith(DATED)
]
AMOUNT = re.compile(r"\$ ?\d|\d (?:US )?(?:dollars|cents)\b")
CODE = re.compile(r"^ *```.*?^ *```$|`[^`]*`", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", [str(name) for name in page.PAGES])
def test_numbers_are_current(name: str) -> None:
    """The page has what `python -m benchmarks.cost` writes."""
    text = documents.text(name)
    assert page.written(text, page.blocks()) == text, "run `python -m benchmarks.cost`"


def test_each_block_is_shown_once() -> None:
    """Every block that is calculated is in one of the pages, once."""
    shown = [name for one in page.PAGES for name in page.names(documents.text(str(one)))]
    assert sorted(shown) == sorted(page.blocks())


@pytest.mark.parametrize("name", OTHERS)
def test_no_other_page_has_costs(name: str) -> None:
    """Only the calculated blocks have amounts. Settings and commands in code may have some, such as a client's budget."""
    text = CODE.sub("", page.without_blocks(documents.text(name)))
    assert AMOUNT.findall(text) == []


def test_readme_has_the_two_numbers() -> None:
    """README.md has the cost of a million usual requests and of an idle environment."""
    text = page.blocks()["readme"]
    assert f"**{usd(idle.without_alarms_usd(read()))}** a month" in text
    (total,) = re.findall(r"\*\*sum\*\* \| \*\*.*?\*\* \| \*\*(.*?)\*\* ", page.blocks()["first-screen"])
    assert f"**{total}**" in text


def test_unknown_block() -> None:
    """A page whose block nobody writes is refused."""
    with pytest.raises(PageError, match="made-up"):
        page.written("<!-- generated: made-up -->\n<!-- end -->", {})


def test_rest_of_the_page_is_kept() -> None:
    """Only the blocks change."""
    text = "before\n<!-- generated: one -->\nold\n<!-- end -->\nafter"
    new = page.written(text, {"one": "\\1 $1"})
    assert new == "before\n<!-- generated: one -->\n\\1 $1\n<!-- end -->\nafter"
    assert page.written(new, {"one": "\\1 $1"}) == new


@pytest.mark.parametrize("text", ["| a |\n|---|", "- a"])
def test_tables_and_lists_stand_apart(text: str) -> None:
    """A table or a list has an empty line before and after it, as Markdown needs."""
    assert f"\n\n{text}\n\n" in page.written("<!-- generated: one -->\n<!-- end -->", {"one": text})


def test_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes pages with old numbers, and only these."""
    for name in page.PAGES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(documents.text(str(name)))
    old = (tmp_path / "README.md").read_text()
    (tmp_path / "README.md").write_text(old.replace("A million streamed", "A million old"))
    assert page.write(tmp_path) == [Path("README.md")]
    assert (tmp_path / "README.md").read_text() == old
    monkeypatch.setattr(page, "write", list)
    assert command.main() == 0
    assert "current" in capsys.readouterr().out


def test_command_fails(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong price file is told, without a traceback."""

    def fails() -> list[Path]:
        raise PageError("Nobody writes the block x.")

    monkeypatch.setattr(page, "write", fails)
    assert command.main() == 1
    assert capsys.readouterr().err == "error: Nobody writes the block x.\n"


def test_rows_fit_their_table() -> None:
    """A row of another length than the head is an error, not a broken table."""
    with pytest.raises(ValueError, match="2 columns"):
        table(["a", "b"], [["1"]])


def test_defaults_are_marked() -> None:
    """The table by memory marks the default size of each kind of request, whichever it is."""
    assert page.blocks()["memory"].count(" (default)**") == 3
