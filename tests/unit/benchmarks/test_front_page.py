"""The numbers on the first screen of docs/performance.md."""

from __future__ import annotations

import json

import pytest

from benchmarks import front_page
from tests import documents


def test_the_page_has_the_results_numbers() -> None:
    """The page has the numbers of results.json. `python -m benchmarks.front_page` writes them."""
    page, results = documents.text("docs/performance.md"), documents.text("docs/performance/results.json")
    assert front_page.with_numbers(page, json.loads(results)) == page


def test_numbers_come_first() -> None:
    """The five numbers and their table are on the page's first screen."""
    lines = documents.text("docs/performance.md").splitlines()[:32]
    assert len([line for line in lines if line.startswith("- **")]) == 5
    assert any(line.startswith("| memory, MiB |") for line in lines)


def test_without_the_memory() -> None:
    """A system that does not say a process's memory, such as macOS, has the other numbers."""
    page, results = (
        documents.text("docs/performance.md"),
        json.loads(documents.text("docs/performance/results.json")),
    )
    for one in results["buffered"].values():
        one["peak_mib"] = None
    written = front_page.with_numbers(page, results)
    assert "are added to a call" in written
    assert "of memory are used" not in written


def test_a_page_without_a_place() -> None:
    """A page without a place for the numbers is an error."""
    results = json.loads(documents.text("docs/performance/results.json"))
    with pytest.raises(ValueError, match="must have the lines"):
        front_page.with_numbers("# Performance\n", results)
