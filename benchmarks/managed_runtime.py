"""Makes a runtime like Lambda's: a Python without packages, and a folder like /var/runtime."""

from __future__ import annotations

import compileall
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

# The packages that the managed runtime has in addition to the standard library.
_BROUGHT = ("awslambdaric", "boto3")


@dataclass(frozen=True, slots=True)
class ManagedRuntime:
    """An interpreter without site-packages, and a folder with awslambdaric and boto3."""

    python: Path
    folder: Path


def make(where: Path) -> ManagedRuntime:
    """Makes the runtime in `where`, from the running Python and its installed packages."""
    venv.create(where / "lang", symlinks=True, with_pip=False)
    folder = where / "runtime"
    folder.mkdir()
    for name in _closure(_BROUGHT):
        for path in _top_level(distribution(name)):
            (folder / path.name).symlink_to(path)
    compileall.compile_dir(folder, maxlevels=0, quiet=1)
    return ManagedRuntime(where / "lang" / "bin" / f"python3.{sys.version_info.minor}", folder)


def _closure(names: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _required(distribution(name))
    return found


def _required(of: Distribution) -> Iterator[str]:
    for text in of.requires or ():
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name.lower()


def _top_level(of: Distribution) -> set[Path]:
    """The paths of the packages and modules of a distribution."""
    tops = {Path(path).parts[0] for path in of.files or ()}
    return {
        Path(str(of.locate_file(top)))
        for top in tops
        if top not in ("..", "__pycache__") and not top.endswith((".dist-info", ".pth"))
    }
