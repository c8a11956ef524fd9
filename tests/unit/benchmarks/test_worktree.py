"""Checks out an earlier commit's files beside this folder."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks import worktree
from benchmarks.failures import CannotCompareError


def git(repository: Path, *arguments: str) -> str:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *who, *arguments], cwd=repository, check=True, capture_output=True, text=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two commits of one file; the later one is checked out."""
    root = tmp_path_factory.mktemp("repository")
    git(root, "init", "--quiet")
    for text in ("earlier", "later"):
        (root / "file").write_text(text)
        git(root, "add", "file")
        git(root, "commit", "--quiet", "--message", f"Write {text}")
    return root


def is_clean(repository: Path, used: Path) -> bool:
    """Whether neither git nor the disk has the worktree any more."""
    return git(repository, "worktree", "list").count("\n") == 1 and not used.parent.exists()


def test_has_the_files_of_that_commit(repository: Path) -> None:
    """The earlier files are in the worktree, the present files stay, and afterwards nothing is left."""
    commit = worktree.find("HEAD~1", repository=repository)
    short, _, message = commit.title.partition(" ")
    assert commit.sha.startswith(short)
    assert message == "Write earlier"
    with worktree.checked_out(commit, repository=repository) as root:
        assert (root / "file").read_text() == "earlier"
        assert (repository / "file").read_text() == "later"
    assert is_clean(repository, root)


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_is_removed_after_a_failure(repository: Path, failure: type[BaseException]) -> None:
    """A failed or interrupted run leaves no worktree behind."""
    used: list[Path] = []

    def build() -> None:
        with worktree.checked_out(
            worktree.find("HEAD", repository=repository), repository=repository
        ) as root:
            used.append(root)
            (root / "built").write_text("not in git")
            raise failure

    with pytest.raises(failure):
        build()
    assert is_clean(repository, used[0])


@pytest.mark.parametrize("name", ["nonsense", "", "--help", "HEAD:file", "HEAD..HEAD~1", "HEAD\nHEAD"])
def test_unknown_commit_is_named(repository: Path, name: str) -> None:
    """A commit that does not exist is named in one line, and never becomes an option of git."""
    with pytest.raises(CannotCompareError) as caught:
        worktree.find(name, repository=repository)
    assert repr(name) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_repository_is_said(tmp_path: Path) -> None:
    """Without git's history there is no commit to compare with, and the error says so."""
    with pytest.raises(CannotCompareError, match="not a git repository"):
        worktree.find("HEAD", repository=tmp_path)


def test_git_that_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without git there is a one-line error, and no traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotCompareError, match="git is not installed"):
        worktree.find("HEAD", repository=tmp_path)


def test_a_commit_that_cannot_be_checked_out(repository: Path) -> None:
    """The error shows git's own reason."""
    gone = worktree.Commit("1" * 40, "1111111 Gone")
    with (
        pytest.raises(CannotCompareError, match=r"1111111 Gone could not be checked out: ."),
        worktree.checked_out(gone, repository=repository),
    ):
        pass


def test_installed_dependencies_are_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the locks are equal, the commit uses the packages installed here, but no function built here."""
    here, there = tmp_path / "here", tmp_path / "there"
    (here / ".build" / "upstream-dependencies-0123456789abcdef").mkdir(parents=True)
    (here / ".build" / "api-0123456789abcdef").mkdir()
    there.mkdir()
    monkeypatch.setattr(worktree, "ROOT", here)
    worktree.share_dependencies(there)
    assert [path.name for path in (there / ".build").iterdir()] == ["upstream-dependencies-0123456789abcdef"]


def test_command_ends_with_2_for_an_unknown_commit() -> None:
    """`make bench-quick BEFORE=nonsense` fails with one line before any measurement."""
    result = CliRunner().invoke(command.main, ["--quick", "--before", "no/such/commit"])
    assert result.exit_code == 2
    assert result.stderr.startswith("error: there is no commit 'no/such/commit' here")
    assert result.stderr.count("\n") == 1
