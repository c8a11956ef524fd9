"""Builds the functions' packages: our code and its locked dependencies, for Lambda's platform, without Docker.

A package holds only the modules that its handler imports and, for Lambda, their bytecode. The folder's name has a hash of
the content, so that an unchanged function is not built or deployed again.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import grimp

from infra.functions import bytecode

PYTHON_VERSION = "3.13"
# Lambda runs this script instead of the runtime's own loop.
STREAMING_START = "response_streaming/start"

_ROOT = Path(__file__).parents[2]
# The streaming loop is a library in its own folder.
SOURCES = (_ROOT / "lambda_src", _ROOT / "response-streaming" / "src")
_REQUIREMENTS = _ROOT / "requirements"
_BUILD = _ROOT / ".build"
_PACKAGES = (
    "batch_steps",
    "chat_gateway",
    "client_keys",
    "client_usage",
    "response_streaming",
    "guardrail_proof",
    "jwt_clients",
    "key_rotation",
    "openai_resources",
    "resource_items",
    "watchdog_timer",
)
_STREAMING_LOOP = "response_streaming.__main__"
# Parts of the dependencies that no function uses.
_NOT_SHIPPED = ("bin",)
# The largest part of Powertools.
_EVENT_HANDLER = ("aws_lambda_powertools/event_handler",)
# httpx's own transport and its dependencies. We use our own transport: docs/adr/0016-our-own-connections-to-bedrock.md.
_HTTPX_TRANSPORT = ("anyio", "certifi", "h11", "httpcore")
_LAMBDA_PLATFORM = (
    "--platform=manylinux2014_aarch64",
    f"--python-version={PYTHON_VERSION}",
    "--implementation=cp",
    "--only-binary=:all:",
)


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
    has_httpx_transport: bool = False,
    has_event_handler: bool = False,
) -> FunctionPackage:
    """The package `name` for the handler in `module`, with the dependencies in `requirements/{requirements}.txt`.

    `streams` adds the loop that streams answers. `has_httpx_transport` adds httpx's own transport, `has_event_handler`
    Powertools' event handler. `for_this_machine` builds for the running Python instead of Lambda (arm64). Raises
    subprocess.CalledProcessError if pip fails.
    """
    dependencies = _dependencies(_REQUIREMENTS / f"{requirements}.txt", for_this_machine=for_this_machine)
    sources = _sources(module, *([_STREAMING_LOOP] if streams else []))
    if streams:
        place, start = _file(Path(STREAMING_START))
        sources[place] = start
    parts = [part for place, file in sources.items() for part in (str(place).encode(), file.read_bytes())]
    # On this machine the package is writable, so Python writes the bytecode itself.
    compiler = b"" if for_this_machine else bytecode.compiler_version()
    left_out = (
        *(() if has_httpx_transport else _HTTPX_TRANSPORT),
        *(() if has_event_handler else _EVENT_HANDLER),
    )
    content_hash = _hash([dependencies.name.encode(), compiler, *map(str.encode, left_out), *parts])
    folder = _BUILD / f"{name}-{content_hash[:16]}"
    if not folder.exists():
        copy = partial(_copy_without, left_out, dependencies)
        _publish(folder, lambda new: _assemble(new, copy, sources, compiles=bool(compiler)))
    return FunctionPackage(folder, content_hash)


def _sources(*entries: str) -> dict[Path, Path]:
    """The files of the modules `entries`, of all modules that they import, and of the packages of these modules.

    The keys are the paths in the deployed package.
    """
    graph = _import_graph()
    modules = {*entries, *(name for entry in entries for name in graph.find_upstream_modules(entry))}
    packages = {name.rsplit(".", depth)[0] for name in modules for depth in range(1, name.count(".") + 1)}
    places = (Path(*name.split(".")) for name in modules | packages)
    return dict(sorted(_file(place / "__init__.py", place.with_suffix(".py")) for place in places))


@cache
def _import_graph() -> grimp.ImportGraph:
    folders = [str(folder) for folder in SOURCES]
    sys.path[:0] = folders
    try:
        return grimp.build_graph(*_PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    finally:
        del sys.path[: len(folders)]


def _file(*places: Path) -> tuple[Path, Path]:
    """The first of these places that exists in our sources, and the file there."""
    return next(
        (place, folder / place) for folder in SOURCES for place in places if (folder / place).is_file()
    )


def _dependencies(lock: Path, *, for_this_machine: bool) -> Path:
    """The folder of the locked dependencies. They are installed once for each lock file and platform."""
    platform = () if for_this_machine else _LAMBDA_PLATFORM
    python = sys.version if for_this_machine else PYTHON_VERSION
    key = _hash(
        [
            lock.read_bytes(),
            *(part.encode() for part in (*platform, *_NOT_SHIPPED, sys.platform, python)),
        ]
    )
    folder = _BUILD / f"{lock.stem}-dependencies-{key[:16]}"
    if not folder.exists():
        _publish(folder, lambda new: _install(lock, platform, new))
    return folder


def _install(lock: Path, platform: Iterable[str], folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", "install"]
    locked = ["--require-hashes", "--no-deps", "--no-compile", "--requirement", str(lock)]
    subprocess.run([*pip, *locked, *platform, "--target", str(folder)], check=True, stdout=sys.stderr)
    for name in _NOT_SHIPPED:
        shutil.rmtree(folder / name, ignore_errors=True)


def _copy_without(left_out: Collection[str], dependencies: Path, folder: Path) -> None:
    """Copies all distributions except the distributions and folders in `left_out`."""

    def ignored(path: str, names: list[str]) -> set[str]:
        place = Path(path).relative_to(dependencies)
        return {name for name in names if str(place / name).partition("-")[0] in left_out}

    shutil.copytree(dependencies, folder, dirs_exist_ok=True, ignore=ignored)


def _assemble(
    folder: Path, copy_dependencies: Callable[[Path], None], sources: Mapping[Path, Path], *, compiles: bool
) -> None:
    copy_dependencies(folder)
    for place, source in sources.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)  # also copies the mode: Lambda executes the start script
    if compiles:
        bytecode.add_to(folder, python_version=PYTHON_VERSION)


def _publish(folder: Path, make: Callable[[Path], None]) -> None:
    """Makes the folder under another name and then renames it, so that a folder with the final name is complete."""
    _BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_BUILD) as temporary:
        new = Path(temporary) / "new"
        new.mkdir()
        make(new)
        if not folder.exists():
            new.rename(folder)


def _hash(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
