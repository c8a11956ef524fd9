"""Runs pip, writes its output to a log, and shows how many packages are done. Runs on any Python.

python3 local/install/install_progress.py LOG REQUIREMENTS COMMAND…
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

# Without a terminal, one line for this many packages.
_EVERY = 25
_SEEN = re.compile(r"Collecting |Requirement already satisfied: \S+==")
_REQUIREMENT = re.compile(r"[A-Za-z0-9_.-]+(\[[A-Za-z0-9_,.-]+\])?==")


def counted(requirements: str) -> int:
    """The number of packages in a locked requirements file."""
    return sum(_REQUIREMENT.match(line) is not None for line in requirements.splitlines())


def steps(output: Iterable[str], total: int) -> Iterator[str]:
    """The progress to show, whenever it changes, from pip's output."""
    seen = 0
    for line in output:
        if _SEEN.match(line):
            seen += 1
            yield f"  {min(seen, total)} of {total} packages"
        elif line.startswith("Installing collected packages"):
            yield f"  unpacking {total} packages"


def main(log: Path, requirements: Path, command: list[str]) -> int:
    """Runs pip. Returns its exit status."""
    total, shown = counted(requirements.read_text()), 0
    with (
        log.open("a") as kept,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip,
    ):
        assert pip.stdout is not None  # noqa: S101 - it is a pipe
        for step in steps(_kept(pip.stdout, kept), total):
            shown += 1
            if sys.stdout.isatty():
                print(f"\r{step}   ", end="", flush=True)
            elif shown % _EVERY == 0 or "unpacking" in step:
                print(step, flush=True)
    if sys.stdout.isatty() and shown:
        print()
    return pip.returncode


def _kept(output: Iterable[str], log: TextIO) -> Iterator[str]:
    for line in output:
        log.write(line)
        yield line


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
    except KeyboardInterrupt:
        sys.exit(130)
