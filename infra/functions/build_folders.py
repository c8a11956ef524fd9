"""The folder with built packages. Each has a name with a hash of its content, and is complete once it has the name."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

BUILD = Path(__file__).parents[2] / ".build"


def publish(folder: Path, make: Callable[[Path], None]) -> None:
    """Makes the folder under another name and then renames it, so that a folder with the final name is complete."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as temporary:
        new = Path(temporary) / "new"
        new.mkdir()
        make(new)
        try:
            new.rename(folder)
        except OSError:
            if not folder.exists():  # else another synthesis was quicker
                raise


def hash_of(parts: Iterable[bytes]) -> str:
    """A hash in hexadecimal. Different lists of `parts` have different hashes."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
