"""Deployment packages as for Lambda: a folder with bytecode, a folder without, and their zipped sizes."""

from __future__ import annotations

import compileall
import io
import py_compile
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.functions import function_packages

PEERS = Path(__file__).parent / "peers"
_STREAMING = Path(__file__).parents[1] / "response-streaming" / "src" / "response_streaming"
_NO_BYTECODE = shutil.ignore_patterns("__pycache__")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """`folder` has bytecode for the running Python, `sources_only` has none. The sizes are those of their zip files."""

    folder: Path
    sources_only: Path
    zipped_bytes: int
    zipped_sources_bytes: int


def ours(where: Path, name: str, module: str, *, requirements: str, streams: bool = False) -> Package:
    """The package of a gateway function, built by infra for the running Python."""
    built = function_packages.build(
        name,
        module,
        requirements=requirements,
        for_this_machine=True,
        streams=streams,
    )
    return _package(where / name, lambda folder: _copy(built.folder, folder))


def peer(where: Path, name: str, *, dependencies: Path | None = None, streams: bool = False) -> Package:
    """The package of the function in `peers/{name}.py` with its `dependencies`. `streams` adds our streaming loop."""

    def fill(folder: Path) -> None:
        folder.mkdir(parents=True)
        shutil.copy(PEERS / f"{name}.py", folder)
        if dependencies is not None:
            _copy(dependencies, folder)
        if streams:
            _copy(_STREAMING, folder / _STREAMING.name)

    return _package(where / name, fill)


def _package(where: Path, fill: Callable[[Path], None]) -> Package:
    bare, compiled = where / "sources", where / "compiled"
    fill(bare)
    shutil.copytree(bare, compiled)
    # Unchecked, as in deployed packages: the clocks may differ, and packages are not edited.
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(
        compiled, quiet=2, stripdir=str(compiled), prependdir="/var/task", invalidation_mode=unchecked
    )
    return Package(
        folder=compiled,
        sources_only=bare,
        zipped_bytes=_zipped_bytes(compiled),
        zipped_sources_bytes=_zipped_bytes(bare),
    )


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=_NO_BYTECODE, dirs_exist_ok=True)


def _zipped_bytes(folder: Path) -> int:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return len(buffer.getvalue())


def python_version() -> str:
    return ".".join(str(part) for part in sys.version_info[:3])
