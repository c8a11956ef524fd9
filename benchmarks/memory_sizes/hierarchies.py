"""Finds the control group hierarchy that limits processor time, in version 1 or 2 of Linux's control groups."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.memory_sizes.failures import CannotLimitError

_MOUNTS = Path("/proc/self/mounts")
_ENABLE, _DISABLE = "+cpu", "-cpu"


class Hierarchy(NamedTuple):
    """The root folder of the hierarchy, and its version of control groups."""

    folder: Path
    version: int

    def limit(self, group: Path, *, quota_us: int, period_us: int) -> None:
        """Sets how much processor time the processes of the group have in each period.

        https://docs.kernel.org/scheduler/sched-bwc.html and https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu
        """
        if self.version == 1:
            (group / "cpu.cfs_period_us").write_text(str(period_us))
            (group / "cpu.cfs_quota_us").write_text(str(quota_us))
        else:
            (group / "cpu.max").write_text(f"{quota_us} {period_us}")


def of_this_machine() -> Hierarchy:
    """The hierarchy of this machine. Raises CannotLimitError."""
    if platform.system() != "Linux":
        raise CannotLimitError(
            f"processor time can be limited on Linux only, and this is {platform.system()}"
        )
    if os.geteuid() != 0:
        raise CannotLimitError("only root may limit processor time: run the command as root")
    return find(_MOUNTS.read_text())


def find(mounts: str) -> Hierarchy:
    """The hierarchy with the controller `cpu` in a list of mounts like /proc/self/mounts. Raises CannotLimitError."""
    for folder, kind, options in _mounts(mounts):
        if kind == "cgroup" and "cpu" in options:
            return Hierarchy(folder, 1)
    for folder, kind, _ in _mounts(mounts):
        if kind == "cgroup2" and "cpu" in _words(folder / "cgroup.controllers"):
            return Hierarchy(folder, 2)
    raise CannotLimitError(
        "no control groups with the controller cpu are mounted, neither of version 1 nor of version 2"
    )


@contextmanager
def enabled(hierarchy: Hierarchy) -> Iterator[None]:
    """Lets the groups below the root limit processor time during the block. Raises CannotLimitError.

    Only version 2 needs this: https://docs.kernel.org/admin-guide/cgroup-v2.html#enabling-and-disabling
    """
    switch = hierarchy.folder / "cgroup.subtree_control"
    if hierarchy.version == 1 or "cpu" in _words(switch):
        yield
        return
    try:
        switch.write_text(_ENABLE)
    except OSError as error:
        raise CannotLimitError(
            f"the controller cpu cannot be enabled in {switch}: {error.strerror}"
        ) from error
    try:
        yield
    finally:
        switch.write_text(_DISABLE)


def _mounts(mounts: str) -> Iterator[tuple[Path, str, list[str]]]:
    """The folder, the kind and the options of each mount."""
    for line in mounts.splitlines():
        _, folder, kind, options, *_ = line.split(" ")
        yield Path(folder), kind, options.split(",")


def _words(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []
