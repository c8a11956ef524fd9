"""Reads the documentation for tests."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[1]


def text(page: str) -> str:
    """The whole text of a page."""
    return (ROOT / page).read_text()


def names(pattern: str) -> list[str]:
    """The pages that match `pattern`, by their paths from the top."""
    return sorted(str(page.relative_to(ROOT)) for page in ROOT.glob(pattern))


def code(page: str, language: str) -> list[str]:
    """The contents of the page's code blocks in that language, in order."""
    blocks = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text(page), re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for _, block in blocks]


def table(page: str, head: str) -> list[list[str]]:
    """The cells of each row of the page's table that begins with the line `head`."""
    _, found, rest = text(page).partition(f"\n{head}\n")
    assert found, f"{page} has no table {head}"
    lines = rest.partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def errors() -> list[list[str]]:
    """docs/errors.md's rows of status, code and what happened."""
    return table("docs/errors.md", "| status | `code` | what happened |")


def links(page: str) -> list[tuple[str, str]]:
    """The page's links to files of this repository: each as the file's path from the top, and a section or ""."""
    targets = re.findall(r"\]\(([^()\s]+)\)", _prose(page))
    found = []
    for target in targets:
        if not re.match(r"[a-z]+:", target):
            path, _, section = target.partition("#")
            file = (ROOT / page).parent / path if path else ROOT / page
            found.append((os.path.relpath(os.path.normpath(file), ROOT), section))
    return found


def sections(page: str) -> set[str]:
    """The page's headings as GitHub writes them behind the # of a link."""
    headings = re.findall(r"^#+ (.+)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _prose(page: str) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^( *)```.*?^ *```$", "", text(page), flags=re.MULTILINE | re.DOTALL)
