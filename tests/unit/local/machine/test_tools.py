"""A missing tool is named before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.machine import tools
from local.machine.failures import MissingToolError


def test_a_missing_installation_says_make_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error names the one command that installs everything."""
    monkeypatch.setattr("local.machine.paths.CDK", tmp_path / "cdk")
    with pytest.raises(MissingToolError, match="make install"):
        tools.check()
