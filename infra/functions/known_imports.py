"""Keeps what modules import in a file, by a hash of their source, because parsing hundreds of modules takes a second."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra.functions import build_folders, module_imports


class KnownImports:
    """What modules import. A module that is in no earlier record is parsed."""

    def __init__(self, recorded: dict[str, list[str]]) -> None:
        self.recorded = recorded

    def of(self, source: bytes, module: str, *, is_package: bool) -> list[str]:
        """The same names as those of `module_imports.imported_names`."""
        key = build_folders.hash_of([source, module.encode(), str(is_package).encode()])
        if key not in self.recorded:
            names = module_imports.imported_names(source, module, is_package=is_package)
            self.recorded[key] = sorted(names)
        return self.recorded[key]


@contextlib.contextmanager
def opened() -> Iterator[KnownImports]:
    """The imports on record. The record is written if the block adds to it."""
    # Another version of the reader has another record.
    reader = Path(module_imports.__file__).read_bytes()
    file = build_folders.BUILD / f"imports-{build_folders.hash_of([reader])[:16]}.json"
    known = KnownImports(_read(file))
    before = len(known.recorded)
    yield known
    if len(known.recorded) > before:
        _write(file, known.recorded)


def _read(file: Path) -> dict[str, list[str]]:
    try:
        recorded: dict[str, list[str]] = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return recorded


def _write(file: Path, recorded: dict[str, list[str]]) -> None:
    build_folders.BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build_folders.BUILD) as temporary:
        new = Path(temporary) / file.name  # not a NamedTemporaryFile, which only this user could read
        new.write_text(json.dumps(recorded))
        new.replace(file)
