"""Installs the programs to compare with, at locked versions, each in its own folder in the project."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_PORTKEY = Path(__file__).parent / "peers" / "portkey"
_SCRIPTS = str(Path(sys.executable).parent)
_PIP = ("-m", "pip", "--disable-pip-version-check", "-qq", "install", "--require-hashes")


class NotInstalledError(Exception):
    """A program to compare with is missing. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Peers:
    """The folders of the FastAPI sample's and of Portkey's packages, and the virtual environments of LiteLLM and the plot.

    `node` is the program that runs Portkey's gateway.
    """

    fastapi: Path
    litellm: Path
    plot: Path
    portkey: Path
    node: Path


def install() -> Peers:
    """Installs missing or changed Python programs. make has installed those of Node.

    Raises subprocess.CalledProcessError, and NotInstalledError for a program of Node.
    """
    node, portkey = _node(), _PORTKEY / "node_modules"
    if node is None or not (portkey / ".installed").exists():
        raise NotInstalledError(
            "Portkey's gateway or Node.js is not installed. Run `make bench`, which installs both."
        )
    return Peers(
        fastapi=fastapi(),
        litellm=_once("litellm", _into_environment),
        plot=_once("plot", _into_environment),
        portkey=portkey,
        node=node,
    )


def fastapi() -> Path:
    """Installs the FastAPI sample's packages, if they are missing or changed. Raises subprocess.CalledProcessError."""
    return _once("fastapi", _into_folder)


def versions() -> dict[str, str]:
    """The versions of the programs whose numbers a run shows."""
    locks = {"fastapi": "fastapi", "mangum": "fastapi", "pydantic": "fastapi", "litellm": "litellm"}
    pinned = {name: _locked_version(name, _lock(lock)) for name, lock in locks.items()}
    return {**pinned, "portkey": _portkey_version(), "node": _said_by_node("process.versions.node") or "?"}


def _node() -> Path | None:
    """Node.js of this Python environment, else the shell's; None if there is none.

    That of the Python environment is a script that starts the program. The program itself is measured.
    """
    program = _said_by_node("process.execPath")
    return None if program is None else Path(program)


def _said_by_node(expression: str) -> str | None:
    found = shutil.which("node", path=os.pathsep.join((_SCRIPTS, os.environ.get("PATH", os.defpath))))
    if found is None:
        return None
    return subprocess.run(
        [found, "-p", expression], capture_output=True, text=True, check=True
    ).stdout.strip()


def _portkey_version() -> str:
    lock = json.loads((_PORTKEY / "package-lock.json").read_text())
    version: str = lock["packages"]["node_modules/@portkey-ai/gateway"]["version"]
    return version


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
