"""The stage of a run: a temporary folder, the upstream and the managed runtime."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import managed_runtime, upstream_process
from benchmarks.managed_runtime import ManagedRuntime


@dataclass(frozen=True, slots=True)
class Stage:
    """The stage of a run. `upstream` is the upstream's address (host:port)."""

    folder: Path
    upstream: str
    runtime: ManagedRuntime


@contextmanager
def opened() -> Iterator[Stage]:
    """Sets up the stage during the block."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, upstream_process.running() as upstream:
        yield Stage(Path(folder), upstream, managed_runtime.make(Path(folder)))
