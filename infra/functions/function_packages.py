"""Builds the functions' packages: our code and its locked dependencies, for Lambda's platform, without Docker.

A package holds only the modules that its handler imports, ours and the dependencies', and, for Lambda, their bytecode. The
folder's name has a hash of the content, so that an unchanged function is not built or deployed again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.functions import build_folders, bytecode, dependencies
from infra.functions.dependencies import PYTHON_VERSION

# Lambda runs this script instead of the runtime's own loop.
STREAMING_START = "response_streaming/start"

_ROOT = Path(__file__).parents[2]
_STREAMING = _ROOT / "response-streaming" / "src"
# The streaming loop is a library in its own folder.
SOURCES = (_ROOT / "lambda_src", _STREAMING)
_STREAMING_LOOP = "response_streaming.__main__"


@dataclass(frozen=True, slots=True)
class FunctionPackage:
    """A folder for the zip file, and the hash of the folder's sources."""

    folder: Path
    content_hash: str


def build(
    name: str,
    module: str,
    *,
    requirements: str,
    for_this_machine: bool,
    streams: bool = False,
) -> FunctionPackage:
    """The package `name` for the handler in `module`, with what it imports from `requirements/{requirements}.txt`.

    `streams` adds the loop that streams answers. `for_this_machine` builds for the running Python instead of Lambda
    (arm64). Raises subprocess.CalledProcessError if pip fails.
    """
    installed = dependencies.install(requirements, for_this_machine=for_this_machine)
    files = dependencies.shipped([module, *([_STREAMING_LOOP] if streams else [])], SOURCES, installed)
    if streams:
        files[Path(STREAMING_START)] = _STREAMING / STREAMING_START
    # On this machine the package is writable, so Python writes the bytecode itself.
    compiler = b"" if for_this_machine else bytecode.compiler_version()
    content_hash = build_folders.hash_of([compiler, *_parts(files)])
    folder = build_folders.BUILD / f"{name}-{content_hash[:16]}"
    if not folder.exists():
        build_folders.publish(folder, lambda new: _assemble(new, files, compiles=bool(compiler)))
    return FunctionPackage(folder, content_hash)


def _parts(files: Mapping[Path, Path]) -> list[bytes]:
    return [part for place, file in files.items() for part in (str(place).encode(), file.read_bytes())]


def _assemble(folder: Path, files: Mapping[Path, Path], *, compiles: bool) -> None:
    for place, source in files.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)  # also copies the mode: Lambda executes the start script
    if compiles:
        bytecode.add_to(folder, python_version=PYTHON_VERSION)
    for path in folder.rglob("*"):
        path.chmod(0o755 if os.access(path, os.X_OK) else 0o644)  # Lambda runs as another user than the owner
