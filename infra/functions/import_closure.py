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
    waiting = list(entries)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        module = _located(name, roots)
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


def _located(name: str, roots: Sequence[Path]) -> Module | None:
    base = name.replace(".", "/")
    for root in roots:
        for place in (f"{base}/__init__.py", f"{base}.py"):
            if os.path.isfile(f"{root}/{place}"):  # noqa: PTH113 - thousands of times, and pathlib is slow
                return Module(Path(place), root)
    return None
