"""The files of the package's own project agree with each other and with this repository's."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

import response_streaming
from tests import documents

PROJECT: dict[str, Any] = tomllib.loads(documents.text("response-streaming/pyproject.toml"))["project"]


def test_the_changelog_has_the_version() -> None:
    """The changelog's newest entry is the version that is built."""
    newest = documents.text("response-streaming/CHANGELOG.md").partition("\n## ")[2]
    assert newest.startswith(f"{PROJECT['version']} - ")


def test_the_licence_is_the_repositorys() -> None:
    """The package's licence text is the repository's."""
    assert documents.text("response-streaming/LICENSE") == documents.text("LICENSE")


def test_there_are_no_dependencies() -> None:
    """The package installs nothing else, and no extra does."""
    assert PROJECT["dependencies"] == []
    assert "optional-dependencies" not in PROJECT


@pytest.mark.parametrize("name", response_streaming.__all__)
def test_public_names_are_documented(name: str) -> None:
    """Each public name has a line in the package's docstring and a docstring of its own."""
    assert f"\n    {name} " in (response_streaming.__doc__ or "")
    assert getattr(response_streaming, name).__doc__
