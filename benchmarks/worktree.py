"""Checks out an earlier commit in a temporary folder."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import commands
from benchmarks.failures import CannotCompareError

ROOT = Path(__file__).parents[1]
# The folder of infra's builds. Names have hashes, so equal lock files give equal folders in every commit.
_BUILT, _DEPENDENCIES = ".build", "*-dependencies-*"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit. `title` is its short hash and the first line of its message."""

    sha: str
    title: str


def find(name: str, *, repository: Path = ROOT) -> Commit:
    """The commit with this name in git. Raises CannotCompareError."""
    found = _git(repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found.returncode:
        raise CannotCompareError(f"there is no commit {name!r} here{_reason(found)}")
    sha = found.stdout.strip()
    return Commit(sha, _git(repository, "log", "-1", "--format=%h %s", sha).stdout.strip())


@contextmanager
def checked_out(commit: Commit, *, repository: Path = ROOT) -> Iterator[Path]:
    """Checks out the commit in a temporary git worktree during the block. Yields the root of its files.

    Raises CannotCompareError.
    """
    with tempfile.TemporaryDirectory(prefix="bench-before-") as folder:
        root = Path(folder) / "root"
        try:
            added = _git(repository, "worktree", "add", "--quiet", "--detach", str(root), commit.sha)
            if added.returncode:
                raise CannotCompareError(f"{commit.title} could not be checked out{_reason(added)}")
            yield root
        finally:
            # The second --force also removes a worktree that is locked after an interruption.
            _git(repository, "worktree", "remove", "--force", "--force", str(root))


def share_dependencies(root: Path) -> None:
    """Lets the commit at `root` use the dependencies installed for this folder, if its lock files are the same."""
    (root / _BUILT).mkdir(exist_ok=True)
    for installed in (ROOT / _BUILT).glob(_DEPENDENCIES):
        (root / _BUILT / installed.name).symlink_to(installed)


def _git(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return commands.run(["git", *arguments], cwd=repository, captures_errors=True)
    except FileNotFoundError:
        raise CannotCompareError("git is not installed") from None


def _reason(failed: subprocess.CompletedProcess[str]) -> str:
    """The last line of git's errors, as the end of an error message; empty if there is none."""
    lines = failed.stderr.strip().splitlines()
    return f": {lines[-1].removeprefix('fatal: ')}" if lines else ""
