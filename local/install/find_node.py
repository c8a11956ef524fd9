"""Exits with 0 where the machine has Node.js and npm that are new enough; runs on any Python.

python3 local/install/find_node.py FOLDER…: what is in these folders of PATH does not count
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable

MIN_NODE_MAJOR = 22


def is_there(search: str, without: Iterable[str]) -> bool:
    """Whether the folders in `search`, written as PATH is, have both, save those in `without`."""
    own = {os.path.realpath(folder) for folder in without}
    folders = [folder for folder in search.split(os.pathsep) if os.path.realpath(folder) not in own]
    others = os.pathsep.join(folders)
    node = shutil.which("node", path=others)
    return (
        node is not None and shutil.which("npm", path=others) is not None and _major(node) >= MIN_NODE_MAJOR
    )


def _major(node: str) -> int:
    """0 where it does not say."""
    try:
        said = subprocess.run([node, "--version"], stdout=subprocess.PIPE, check=False).stdout.decode()
    except OSError:
        return 0
    major = said.strip().lstrip("v").split(".")[0]
    return int(major) if major.isdecimal() else 0


if __name__ == "__main__":
    sys.exit(0 if is_there(os.environ.get("PATH", os.defpath), sys.argv[1:]) else 1)
