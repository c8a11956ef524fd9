"""Finds the modules that entry modules need: all that they import, directly or through other modules."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from infra.functions import known_imports
from infra.functions.known_imports import KnownImports


class Module(NamedTuple):
    """A module's `place` below the root folder in which it was found, and the `root`."""

    place: Path
    root: Path

    @property
    def file(self) -> Path:
        return self.root / self.place

    @property
    def is_package(self) -> bool:
        return self.place.name == "__init__.py"


class _Folders:
    """The names in folders. They are listed because macOS finds `Logger.py` where only `logger.py` is, and Lambda does not."""

    def __init__(self) -> None:
        self._names: dict[str, frozenset[str]] = {}

    def have(self, root: Path, place: str) -> bool:
        """Whether there is a file with exactly these names at `place` below `root`."""
        folder = str(root)
        for name in place.split("/"):
            if name not in self._of(folder):
                return False
            folder = f"{folder}/{name}"
        return True

    def _of(self, folder: str) -> frozenset[str]:
        if folder not in self._names:
            is_folder = os.path.isdir(folder)  # noqa: PTH112 - hundreds of times, and pathlib is slow
            self._names[folder] = frozenset(os.listdir(folder)) if is_folder else frozenset()  # noqa: PTH208
        return self._names[folder]


def find(
    entries: Iterable[str],
    roots: Sequence[Path],
    *,
    not_followed: Collection[tuple[str, str]] = (),
) -> dict[str, Module]:
    """The closure of the modules `entries` under their imports, by name. Packages of a module belong to it.

    Modules that are in none of the `roots`, such as the standard library's, are left out. `not_followed` has pairs of a
    module and a module or package that it imports.
    """
    with known_imports.opened() as known:
        return _closure(entries, roots, frozenset(not_followed), known)


def _closure(
    entries: Iterable[str],
    roots: Sequence[Path],
    not_followed: frozenset[tuple[str, str]],
    known: KnownImports,
) -> dict[str, Module]:
    found: dict[str, Module] = {}
    seen: set[str] = set()
    folders, waiting = _Folders(), list(entries)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        module = _located(name, roots, folders)
        if module is not None:
            found[name] = module
            imported = known.of(module.file.read_bytes(), name, is_package=module.is_package)
            followed = [other for other in imported if _is_followed(name, other, not_followed)]
            waiting += [*_path(name), *followed]
    return found


def _is_followed(name: str, imported: str, not_followed: frozenset[tuple[str, str]]) -> bool:
    return not any((name, above) in not_followed for above in _path(imported))


def _path(name: str) -> list[str]:
    """The name itself, and its packages."""
    return [name.rsplit(".", depth)[0] for depth in range(name.count(".") + 1)]


def _located(name: str, roots: Sequence[Path], folders: _Folders) -> Module | None:
    base = name.replace(".", "/")
    for root in roots:
        for place in (f"{base}/__init__.py", f"{base}.py"):
            if folders.have(root, place):
                return Module(Path(place), root)
    return None
