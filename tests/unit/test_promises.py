"""SECURITY.md and docs/reliability.md name a test for every promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import documents

TESTS = Path(__file__).parents[1]
PAGES = ["SECURITY.md", "docs/reliability.md"]


def promises(page: str) -> list[str]:
    """The rows of the page's table of promises."""
    table = (TESTS.parent / page).read_text().partition("| promise | test |\n")[2]
    return [row for row in table.splitlines()[1:] if row.startswith("| ") and not row.startswith("| **")]


@pytest.mark.parametrize("page", PAGES)
def test_promises_name_tests_that_exist(page: str) -> None:
    """Each row of a table of promises names tests that exist."""
    rows = promises(page)
    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`([a-z0-9_/]+\.py)`: (`test_\w+`(?:, `test_\w+`)*)", row)
        assert named, row
        for file, names in named:
            source = (TESTS / file).read_text()
            missing = [name for name in re.findall(r"\w+", names) if f"def {name}(" not in source]
            assert not missing, row


def test_one_environment_is_one_trust_domain() -> None:
    """SECURITY.md states the trust domain, and README.md links to the section on what its senders share."""
    assert "**One environment is one trust domain**" in documents.text("SECURITY.md")
    assert "](docs/jobs.md#one-environment-is-one-trust-domain)" in documents.text("README.md")
    assert "\n## One environment is one trust domain\n" in documents.text("docs/jobs.md")
