"""Groups are limited, and removed again with their processes. The folders are ordinary ones."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from benchmarks.memory_sizes.control_groups import Groups
from benchmarks.memory_sizes.failures import CannotLimitError
from benchmarks.memory_sizes.hierarchies import Hierarchy

QUOTA_US = 5789


def groups_of(folder: Path, version: int = 1) -> Groups:
    """Removes a folder with its files, as the kernel does."""
    return Groups(Hierarchy(folder, version), remove=shutil.rmtree)


@pytest.mark.parametrize(
    ("version", "file", "limit"), [(1, "cpu.cfs_quota_us", "5789"), (2, "cpu.max", "5789 20000")]
)
def test_group(tmp_path: Path, version: int, file: str, limit: str) -> None:
    """A group has the limit and its process while the block runs."""
    with groups_of(tmp_path, version).group(QUOTA_US) as group:
        (folder,) = tmp_path.iterdir()
        assert (folder / file).read_text() == limit
        with subprocess.Popen(["sleep", "60"]) as process:
            group.add(process.pid)
            assert (folder / "cgroup.procs").read_text() == str(process.pid)
            process.kill()
    assert list(tmp_path.iterdir()) == []


def test_two_groups(tmp_path: Path) -> None:
    """Groups at the same time have different folders."""
    groups = groups_of(tmp_path)
    with groups.group(QUOTA_US), groups.group(QUOTA_US):
        assert len(list(tmp_path.iterdir())) == 2


def test_removed_after_an_interruption(tmp_path: Path) -> None:
    """A group is removed after Ctrl-C, and what still runs in it is killed."""
    with subprocess.Popen(["sleep", "60"]) as process:
        with suppress(KeyboardInterrupt), groups_of(tmp_path).group(QUOTA_US) as group:
            group.add(process.pid)
            raise KeyboardInterrupt
        assert process.wait(10) == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_busy_group_is_tried_again(tmp_path: Path) -> None:
    """A group whose last process has not ended yet is busy, and is removed a little later."""
    tries: list[Path] = []

    def remove(folder: Path) -> None:
        tries.append(folder)
        if len(tries) < 3:
            raise OSError(16, "Device or resource busy")
        shutil.rmtree(folder)

    with Groups(Hierarchy(tmp_path, 1), remove=remove).group(QUOTA_US):
        pass
    assert len(tries) == 3
    assert list(tmp_path.iterdir()) == []


def test_left_over_groups(tmp_path: Path) -> None:
    """The groups of a run that was killed are removed with their processes, and no others."""
    with subprocess.Popen(["sleep", "60"]) as ended:
        ended.kill()
    folder, others = tmp_path / f"chat-gateway-bench-{ended.pid}-1", tmp_path / "user.slice"
    folder.mkdir()
    others.mkdir()
    with subprocess.Popen(["sleep", "60"]) as process:
        (folder / "cgroup.procs").write_text(f"{process.pid}\n")
        groups_of(tmp_path).remove_left_over()
        assert process.wait(10) == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == [others]


def test_groups_of_a_running_command_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run leaves the groups of another run alone that has not ended."""
    folder = tmp_path / f"chat-gateway-bench-{os.getpid()}-1"
    folder.mkdir()
    monkeypatch.setattr(Path, "read_bytes", lambda _: b"python\0-m\0benchmarks.memory_sizes\0")
    groups_of(tmp_path).remove_left_over()
    assert folder.exists()


def test_no_group_can_be_made(tmp_path: Path) -> None:
    """If the folder is read-only or missing, the error says what cannot be made."""
    with (
        pytest.raises(CannotLimitError, match="cannot be made: No such file or directory"),
        groups_of(tmp_path / "missing").group(QUOTA_US),
    ):
        pass
