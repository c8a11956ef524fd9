"""docs/reliability.md names a test for every promise."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
TABLE = (TESTS.parent / "docs" / "reliability.md").read_text().partition("| promise | test |\n")[2]


def test_every_promise_names_tests_that_exist() -> None:
    promises = [row for row in TABLE.splitlines()[1:] if not row.startswith("| **")]
    assert len(promises) > 30
    for row in promises:
        named = re.findall(r"`([a-z0-9_/]+\.py)`: (`test_\w+`(?:, `test_\w+`)*)", row)
        assert named, row
        for file, names in named:
            source = (TESTS / file).read_text()
            missing = [name for name in re.findall(r"\w+", names) if f"def {name}(" not in source]
            assert not missing, row
