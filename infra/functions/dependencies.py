"""Installs the functions' locked dependencies, and finds the files of them that a function needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import NamedTuple

from infra.functions import build_folders, import_closure
from infra.functions.import_closure import Module

PYTHON_VERSION = "3.13"
REQUIREMENTS = Path(__file__).parents[2] / "requirements"
# Imports that no function reaches: docs/adr/0062-only-imported-modules-are-shipped.md.
NOT_FOLLOWED = frozenset(
    {
        # httpx's own transport. A function that uses it says so by `import httpcore`.
        ("httpx._config", "certifi"),
        ("httpx._transports.default", "httpcore"),
        # httpx's command line.
        ("httpx", "httpx._main"),
        # Powertools' support of pydantic's models, in its JSON encoder, and of Swagger's page.
        ("aws_lambda_powertools.shared.functions", "aws_lambda_powertools.event_handler"),
        (
            "aws_lambda_powertools.event_handler.api_gateway",
            "aws_lambda_powertools.event_handler.openapi.swagger_ui",
        ),
        # For asynchronous code.
        ("httpcore._backends.anyio", "anyio"),
        ("httpcore._synchronization", "anyio"),
    }
)
_LAMBDA_PLATFORM = (
    "--platform=manylinux2014_aarch64",
    f"--python-version={PYTHON_VERSION}",
    "--implementation=cp",
    "--only-binary=:all:",
)
# Commands, which are not for functions.
_NOT_INSTALLED = ("bin",)
# Old bytecode, and what type checkers read.
_NOT_SHIPPED = (".pyc", ".pyi", ".typed")
# It lists files that are not shipped.
_NOT_METADATA = ("RECORD",)


class _Installed(NamedTuple):
    """A distribution: its files, those with its metadata and licences, and the distributions that it requires."""

    files: frozenset[Path]
    metadata: frozenset[Path]
    requires: tuple[str, ...]

    @property
    def has_native_code(self) -> bool:
        return any(file.suffix == ".so" for file in self.files)


def install(requirements: str, *, for_this_machine: bool) -> Path:
    """The folder of the dependencies in `requirements/{requirements}.txt`.

    They are installed once for each lock file and platform. Raises subprocess.CalledProcessError if pip fails.
    """
    lock = REQUIREMENTS / f"{requirements}.txt"
    platform = () if for_this_machine else _LAMBDA_PLATFORM
    python = sys.version if for_this_machine else PYTHON_VERSION
    parts = (*platform, *_NOT_INSTALLED, sys.platform, python)
    key = build_folders.hash_of([lock.read_bytes(), *map(str.encode, parts)])
    folder = build_folders.BUILD / f"{lock.stem}-dependencies-{key[:16]}"
    if not folder.exists():
        build_folders.publish(folder, lambda new: _install(lock, platform, new))
    return folder


def shipped(entries: Iterable[str], sources: Collection[Path], folder: Path) -> dict[Path, Path]:
    """The files that the modules `entries` need from the folders `sources` and from the dependencies in `folder`.

    The keys are the places in the package. From `folder` these are: the modules that `entries` import, directly or through
    other modules; whole distributions with native code, because no analysis sees what native code imports; the data files
    of the packages; the metadata and licences of the distributions.
    """
    roots = (*sources, folder)
    modules = import_closure.find(entries, roots, not_followed=NOT_FOLLOWED)
    native = _with_native_code(folder, modules)
    if native:
        names = [module_name(place) for place in sorted(native) if place.suffix == ".py"]
        modules |= import_closure.find(names, roots, not_followed=NOT_FOLLOWED)
    files = {module.place: module.file for module in modules.values()}
    places = {place for place, file in files.items() if file.is_relative_to(folder)} | native
    places |= {place for module in modules.values() if module.root == folder for place in _data(module)}
    places |= {
        place
        for installed in _distributions(folder).values()
        if not places.isdisjoint(installed.files)
        for place in installed.metadata
    }
    return dict(sorted((files | {place: folder / place for place in places}).items()))


def _install(lock: Path, platform: Iterable[str], folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", "install"]
    locked = ["--require-hashes", "--no-deps", "--no-compile", "--requirement", str(lock)]
    subprocess.run([*pip, *locked, *platform, "--target", str(folder)], check=True, stdout=sys.stderr)
    for name in _NOT_INSTALLED:
        shutil.rmtree(folder / name, ignore_errors=True)


def _with_native_code(folder: Path, modules: dict[str, Module]) -> set[Path]:
    """The files of the distributions with native code of which there is a module, and of all that these require."""
    installed = _distributions(folder)
    used = {module.place for module in modules.values() if module.root == folder}
    waiting = [
        name for name, one in installed.items() if one.has_native_code and not used.isdisjoint(one.files)
    ]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in installed and name not in found:
            found.add(name)
            waiting += installed[name].requires
    return {file for name in found for file in installed[name].files}


def _data(module: Module) -> Iterator[Path]:
    """The places of the data files beside a package's `__init__.py`."""
    if module.is_package:
        for file in module.file.parent.iterdir():
            if file.is_file() and file.suffix not in (".py", *_NOT_SHIPPED):
                yield module.place.with_name(file.name)


@cache
def _distributions(folder: Path) -> dict[str, _Installed]:
    return {_normalised(one.name): _installed(one) for one in distributions(path=[str(folder)])}


def _installed(distribution: Distribution) -> _Installed:
    files = {Path(file) for file in distribution.files or () if file.parts[0] not in ("..", *_NOT_INSTALLED)}
    metadata = {file for file in files if file.parts[0].endswith(".dist-info")}
    requires = [text for text in distribution.requires or () if "extra ==" not in text]
    return _Installed(
        files=frozenset(file for file in files - metadata if file.suffix not in _NOT_SHIPPED),
        metadata=frozenset(file for file in metadata if file.name not in _NOT_METADATA),
        requires=tuple(_normalised(re.split(r"[^\w.-]", text, maxsplit=1)[0]) for text in requires),
    )


def _normalised(name: str) -> str:
    """https://packaging.python.org/en/latest/specifications/name-normalization/"""
    return re.sub(r"[-_.]+", "-", name).lower()


def module_name(place: Path) -> str:
    """The name of the module at this place below its root."""
    return ".".join(place.parent.parts if place.name == "__init__.py" else place.with_suffix("").parts)
