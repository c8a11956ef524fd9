"""Compiles packages for Lambda's Python on any machine: docs/adr/0015-bytecode-in-the-package.md."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_COMPILER = Path(__file__).with_suffix(".mjs")
_PACKAGE_LOCK = _ROOT / "package-lock.json"


def add_to(folder: Path, *, python_version: str) -> None:
    """Writes a `__pycache__` beside every module below `folder`. Raises subprocess.CalledProcessError."""
    subprocess.run(["node", str(_COMPILER), str(folder), python_version], check=True, stdout=sys.stderr)


def compiler_version() -> bytes:
    """Bytes that change when the compiler changes, so that packages are built again."""
    locked = json.loads(_PACKAGE_LOCK.read_bytes())["packages"]["node_modules/pyodide"]["version"]
    return f"{locked} ".encode() + _COMPILER.read_bytes()
