"""Groups of processes with a limited share of a processor. Each is removed with its processes, whatever happens."""

from __future__ import annotations

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.memory_sizes import hierarchies
from benchmarks.memory_sizes.failures import CannotLimitError
from benchmarks.memory_sizes.hierarchies import Hierarchy
from benchmarks.memory_sizes.processor_share import PERIOD_US

# A group's name has the id of the process that made it.
_PREFIX = "chat-gateway-bench-"
_PATIENCE_S, _POLL_S = 10.0, 0.01


class Group:
    """A control group. The children that a process starts in it belong to it, too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, pid: int) -> None:
        """Moves the process with all its threads into the group."""
        (self._folder / "cgroup.procs").write_text(str(pid))


class Groups:
    """Makes groups below the root of the hierarchy. `remove` removes the folder of a group without processes."""

    def __init__(self, hierarchy: Hierarchy, *, remove: Callable[[Path], None] = Path.rmdir) -> None:
        self._hierarchy, self._remove = hierarchy, remove
        self._numbers = itertools.count(1)

    @contextmanager
    def group(self, quota_us: int) -> Iterator[Group]:
        """A group during the block, with this processor time in each period. Raises CannotLimitError."""
        folder = self._hierarchy.folder / f"{_PREFIX}{os.getpid()}-{next(self._numbers)}"
        try:
            folder.mkdir()
        except OSError as error:
            raise CannotLimitError(f"{folder} cannot be made: {error.strerror}") from error
        try:
            self._limit(folder, quota_us)
            yield Group(folder)
        finally:
            self._end(folder)

    def remove_left_over(self) -> None:
        """Ends the processes of earlier runs that were killed, and removes their groups."""
        for folder in self._hierarchy.folder.glob(f"{_PREFIX}*"):
            if not _is_running(folder):
                self._end(folder)

    def _limit(self, folder: Path, quota_us: int) -> None:
        try:
            self._hierarchy.limit(folder, quota_us=quota_us, period_us=PERIOD_US)
        except OSError as error:
            raise CannotLimitError(f"{folder} cannot be limited: {error.strerror}") from error

    def _end(self, folder: Path) -> None:
        """Kills what is left in the group, and removes it. A group stays busy until its last process has ended."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            _kill_all(folder)
            try:
                self._remove(folder)
            except FileNotFoundError:
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_S)
            else:
                return


@contextmanager
def opened(hierarchy: Hierarchy) -> Iterator[Groups]:
    """Groups for the block. Groups of killed runs are removed first. Raises CannotLimitError."""
    groups = Groups(hierarchy)
    with hierarchies.enabled(hierarchy):
        groups.remove_left_over()
        yield groups


def _is_running(folder: Path) -> bool:
    """Whether the run that made the group still runs."""
    maker = folder.name.removeprefix(_PREFIX).partition("-")[0]
    command = Path("/proc") / maker / "cmdline"
    try:
        return b"memory_sizes" in command.read_bytes()
    except OSError:
        return False


def _kill_all(folder: Path) -> None:
    with suppress(OSError):
        for pid in (folder / "cgroup.procs").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
