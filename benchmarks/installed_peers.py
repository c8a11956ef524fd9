"""Installs the programs to compare with, at locked versions, each in its own folder in the project."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_PIP = ("-m", "pip", "--disable-pip-version-check", "-qq", "install", "--require-hashes")


@dataclass(frozen=True, slots=True)
class Peers:
    """The folder of the FastAPI sample's packages, and the virtual environments of LiteLLM and of the plot."""

    fastapi: Path
    litellm: Path
    plot: Path


def install() -> Peers:
    """Installs missing or changed programs. Raises subprocess.CalledProcessError."""
    return Peers(
        fastapi=fastapi(),
        litellm=_once("litellm", _into_environment),
        plot=_once("plot", _into_environment),
    )


def fastapi() -> Path:
    """Installs the FastAPI sample's packages, if they are missing or changed. Raises subprocess.CalledProcessError."""
    return _once("fastapi", _into_folder)


def versions() -> dict[str, str]:
    """The versions of the programs whose numbers a run shows."""
    locks = {"fastapi": "fastapi", "mangum": "fastapi", "pydantic": "fastapi", "litellm": "litellm"}
    return {name: _locked_version(name, _lock(lock)) for name, lock in locks.items()}


def _once(name: str, install_into: Callable[[Path, Path], None]) -> Path:
    folder, lock = _ROOT / f".venv-bench-{name}", _lock(name)
    # A virtual environment cannot be moved, because its scripts contain the interpreter's path.
    digest = hashlib.sha256(lock.read_bytes() + f"{sys.version} {folder}".encode()).hexdigest()
    installed = folder / ".installed"
    if not installed.exists() or installed.read_text() != digest:
        install_into(folder, lock)
        installed.write_text(digest)
    return folder


def _into_folder(folder: Path, lock: Path) -> None:
    _run(sys.executable, *_PIP, "--no-deps", "--no-compile", "--upgrade", "--target", folder, "-r", lock)


def _into_environment(folder: Path, lock: Path) -> None:
    venv.create(folder, clear=True, with_pip=True, symlinks=True)
    _run(folder / "bin" / "python", *_PIP, "-r", lock)


def _run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True, stdout=sys.stderr)


def _lock(name: str) -> Path:
    return _ROOT / "requirements" / f"benchmark-{name}.txt"


def _locked_version(name: str, lock: Path) -> str:
    found = re.search(rf"(?m)^{name}(?:\[[^]]*\])?==([^ ;]+)", lock.read_text())
    return found.group(1) if found else "?"
