"""Bytecode is for Lambda's Python, on any machine and with any Python that builds it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from infra.functions import bytecode
from infra.functions.dependencies import PYTHON_VERSION


def test_another_python_than_lambdas_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "module.py").write_text("x = 1\n")
    with pytest.raises(subprocess.CalledProcessError):
        bytecode.add_to(tmp_path, python_version="3.12")
    assert "Lambda runs 3.12" in capfd.readouterr().err
    assert not list(tmp_path.rglob("*.pyc"))


def test_a_module_that_cannot_be_compiled_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("x =\n")
    with pytest.raises(subprocess.CalledProcessError):
        bytecode.add_to(tmp_path, python_version=PYTHON_VERSION)


def test_modules_below_folders_are_compiled_too(tmp_path: Path) -> None:
    (tmp_path / "package" / "inner").mkdir(parents=True)
    (tmp_path / "package" / "inner" / "module.py").write_text("x = 1\n")
    bytecode.add_to(tmp_path, python_version=PYTHON_VERSION)
    assert list((tmp_path / "package" / "inner" / "__pycache__").glob("module.cpython-313.pyc"))
