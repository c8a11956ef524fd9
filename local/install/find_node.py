"""Exits with 0 if the machine has npm and a new enough Node.js. Runs on any Python.

python3 local/install/find_node.py FOLDER…: ignores these folders of PATH
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable

MIN_NODE_MAJOR = 22


def is_there(search: str, without: Iterable[str]) -> bool:
    """Whether the folders in `search`, a list like PATH, have both programs. The folders in `without` are ignored."""
    own = {os.path.realpath(folder) for folder in without}
    folders = [folder for folder in search.split(os.pathsep) if os.path.realpath(folder) not in own]
    others = os.pathsep.join(folders)
    node = shutil.which("node", path=others)
    return (
        node is not None and shutil.which("npm", path=others) is not None and _major(node) >= MIN_NODE_MAJOR
    )


def _major(node: str) -> int:
    """Node's major version; 0 if it is unknown."""
    try:
        said = subprocess.run([node, "--version"], stdout=subprocess.PIPE, check=False).stdout.decode()
    except OSError:
        return 0
    major = said.strip().lstrip("v").split(".")[0]
    return int(major) if major.isdecimal() else 0


if __name__ == "__main__":
    sys.exit(0 if is_there(os.environ.get("PATH", os.defpath), sys.argv[1:]) else 1)
