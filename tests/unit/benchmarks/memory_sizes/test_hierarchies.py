"""The hierarchy of control groups, in both versions."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.memory_sizes import hierarchies
from benchmarks.memory_sizes.failures import CannotLimitError
from benchmarks.memory_sizes.hierarchies import Hierarchy


def a_v2_root(folder: Path, *, controllers: str = "cpu io memory\n", enabled: str = "") -> Hierarchy:
    (folder / "cgroup.controllers").write_text(controllers)
    (folder / "cgroup.subtree_control").write_text(enabled)
    return Hierarchy(folder, 2)


def test_version_1_is_found(tmp_path: Path) -> None:
    """If both versions are mounted, the controller is in the hierarchy of version 1 that has it in its options."""
    a_v2_root(tmp_path, controllers="hugetlb\n")
    mounts = (
        f"cgroup2 {tmp_path} cgroup2 rw 0 0\n"
        "cgroup /groups/cpuset cgroup rw,cpuset 0 0\ncgroup /groups/cpu cgroup rw,cpu,cpuacct 0 0\n"
    )
    assert hierarchies.find(mounts) == Hierarchy(Path("/groups/cpu"), 1)


def test_version_2_is_found(tmp_path: Path) -> None:
    """Version 2 is taken if it has the controller."""
    hierarchy = a_v2_root(tmp_path)
    assert hierarchies.find(f"proc /proc proc rw 0 0\ncgroup2 {tmp_path} cgroup2 rw 0 0\n") == hierarchy


def test_none_is_found(tmp_path: Path) -> None:
    """Without the controller, the error says what is missing."""
    a_v2_root(tmp_path, controllers="memory\n")
    with pytest.raises(CannotLimitError, match="no control groups with the controller cpu are mounted"):
        hierarchies.find(f"cgroup2 {tmp_path} cgroup2 rw 0 0\n")


def test_limit_of_version_1(tmp_path: Path) -> None:
    """Version 1 has a file for the quota and one for the period."""
    Hierarchy(tmp_path, 1).limit(tmp_path, quota_us=5789, period_us=20_000)
    assert (tmp_path / "cpu.cfs_quota_us").read_text() == "5789"
    assert (tmp_path / "cpu.cfs_period_us").read_text() == "20000"


def test_limit_of_version_2(tmp_path: Path) -> None:
    """Version 2 has one file for both."""
    Hierarchy(tmp_path, 2).limit(tmp_path, quota_us=5789, period_us=20_000)
    assert (tmp_path / "cpu.max").read_text() == "5789 20000"


def test_controller_is_enabled_for_the_block(tmp_path: Path) -> None:
    """In version 2 the controller is enabled for the groups, and disabled again, also after an error."""
    hierarchy, switch = a_v2_root(tmp_path), tmp_path / "cgroup.subtree_control"
    with suppress(KeyboardInterrupt), hierarchies.enabled(hierarchy):
        assert switch.read_text() == "+cpu"
        raise KeyboardInterrupt
    assert switch.read_text() == "-cpu"


def test_enabled_controller_stays(tmp_path: Path) -> None:
    """A controller that somebody else has enabled is left alone."""
    hierarchy = a_v2_root(tmp_path, enabled="cpu memory\n")
    with hierarchies.enabled(hierarchy):
        pass
    assert (tmp_path / "cgroup.subtree_control").read_text() == "cpu memory\n"


def test_controller_that_cannot_be_enabled(tmp_path: Path) -> None:
    """A container may not enable the controller: the error names the file."""
    with (
        pytest.raises(CannotLimitError, match="subtree_control"),
        hierarchies.enabled(Hierarchy(tmp_path / "missing", 2)),
    ):
        pass


@pytest.mark.parametrize(
    ("system", "user", "said"),
    [("Darwin", 0, "on Linux only, and this is Darwin"), ("Linux", 1000, "as root")],
)
def test_what_is_missing(monkeypatch: pytest.MonkeyPatch, system: str, user: int, said: str) -> None:
    """On another system, or for another user than root, the error says so."""
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(CannotLimitError, match=said):
        hierarchies.of_this_machine()
