"""The machine's own Node.js is used if it is new enough; the one installed here does not count."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local.install import find_node


def folder_with(path: Path, says: str, *, npm: bool = True) -> Path:
    """A folder with a `node` that prints `says`, and an `npm`."""
    path.mkdir()
    for name in ("node", "npm") if npm else ("node",):
        (path / name).write_text(f"#!/bin/sh\necho {says}\n")
        (path / name).chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("says", "is_there"),
    [("v22.0.0", True), ("v24.19.0", True), ("v100.1.0", True), ("v20.20.2", False), ("nonsense", False)],
)
def test_the_version_decides(tmp_path: Path, says: str, is_there: bool) -> None:
    """Node.js must be version 22 or later."""
    assert find_node.is_there(str(folder_with(tmp_path / "bin", says)), []) is is_there


def test_none_is_no_failure(tmp_path: Path) -> None:
    """Without any Node.js, one is installed."""
    assert not find_node.is_there(str(tmp_path), [])


def test_npm_is_needed_too(tmp_path: Path) -> None:
    """Node.js without npm does not count, because it cannot install the CDK."""
    assert not find_node.is_there(str(folder_with(tmp_path / "bin", "v24.0.0", npm=False)), [])


def test_a_broken_node_does_not_count(tmp_path: Path) -> None:
    """A file that cannot be run does not count."""
    folder = folder_with(tmp_path / "bin", "v24.0.0")
    (folder / "node").write_bytes(b"\x7fELF")
    assert not find_node.is_there(str(folder), [])


def test_our_own_does_not_count(tmp_path: Path) -> None:
    """The Node.js installed here, also behind a symlink, does not count; the next one on PATH does."""
    ours = folder_with(tmp_path / "ours", "v24.0.0")
    link = tmp_path / "link"
    link.symlink_to(ours)
    old = folder_with(tmp_path / "old", "v20.0.0")
    assert not find_node.is_there(os.pathsep.join(map(str, (ours, old))), [str(link)])
    new = folder_with(tmp_path / "new", "v22.1.0")
    assert find_node.is_there(os.pathsep.join(map(str, (ours, new))), [str(link)])
