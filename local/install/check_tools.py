"""Says in one line what is missing before anything is installed; runs on any Python."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator

MIN_PYTHON = (3, 11)
MIN_NODE_MAJOR = 20


def problems() -> Iterator[str]:
    """One line for each tool that is missing or too old, saying what to do."""
    if sys.version_info < MIN_PYTHON:
        yield "Python 3.11 or newer is needed: install it, or name it with `make PYTHON=python3.13 …`."
    if shutil.which("node") is None or shutil.which("npm") is None:
        yield "Node.js 20 or newer, with npm, is needed for the CDK: install it and try again."
    else:
        version = subprocess.run(
            ["node", "--version"], capture_output=True, text=True, check=False
        ).stdout.strip()
        if int(version.lstrip("v").split(".")[0] or 0) < MIN_NODE_MAJOR:
            yield f"Node.js 20 or newer is needed; this is {version}."


if __name__ == "__main__":
    found = list(problems())
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    sys.exit(1 if found else 0)
