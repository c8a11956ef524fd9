"""A folder of built packages is complete once it has its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.functions import build_folders


@pytest.fixture(autouse=True)
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(build_folders, "BUILD", tmp_path)
    return tmp_path


def write(folder: Path) -> None:
    (folder / "module.py").touch()


def test_two_syntheses_may_build_the_same_folder(build: Path) -> None:
    """The folder of whoever was quicker stays, and the other goes on with it."""

    def overtaken(new: Path) -> None:
        write(new)
        build_folders.publish(build / "package-1", write)

    build_folders.publish(build / "package-1", overtaken)
    assert [path.relative_to(build) for path in sorted(build.rglob("*"))] == [
        Path("package-1"),
        Path("package-1/module.py"),
    ]


def test_a_folder_that_cannot_be_published_is_an_error(build: Path) -> None:
    with pytest.raises(FileNotFoundError):
        build_folders.publish(build / "missing" / "package-1", write)
    assert not list(build.iterdir())
