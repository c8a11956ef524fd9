"""A commit's own code describes its functions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import contenders, describe_functions, sides
from benchmarks.describe_functions import AUTHORIZER, CHAT, PREDATES, WORKER
from benchmarks.failures import CannotCompareError
from benchmarks.functions import Function
from benchmarks.managed_runtime import ManagedRuntime
from benchmarks.packages import Package
from benchmarks.stage import Stage

# Another layout than the present one: other folders, another handler, another start script.
CONTENDERS = """
from types import SimpleNamespace

OURS, AUTHORIZER, WORKER = "ours", "our authorizer", "our worker"

def quick(where, upstream):
    return [_function("bare", where), _function(OURS, where, streams=True, env={"AT": upstream})]

def authorizers(where, upstream):
    return [_function(AUTHORIZER, where)]

def worker(where, upstream, *, width):
    return _function(WORKER, where, env={"WIDTH": str(width)})

def _function(name, where, *, streams=False, env=None):
    package = SimpleNamespace(
        folder=where / name, sources_only=where / "sources", zipped_bytes=7, zipped_sources_bytes=5
    )
    return SimpleNamespace(
        name=name, package=package, handler="other.place.handle", env=env or {}, streams=streams,
        streaming_start="other/start",
    )
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "stage", "127.0.0.1:1", ManagedRuntime(Path("python"), Path("runtime")))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The files of a commit for which nothing is built."""
    path = tmp_path / "root" / "benchmarks" / "contenders.py"
    path.parent.mkdir(parents=True)
    path.write_text(CONTENDERS)
    return tmp_path / "root"


def a_function(env: dict[str, str]) -> Function:
    package = Package(folder=Path(), sources_only=Path(), zipped_bytes=0, zipped_sources_bytes=0)
    return Function(name="a function", package=package, handler="a.handle", env=env)


def test_a_commit_names_its_own_handlers(root: Path, stage: Stage) -> None:
    """Handlers, packages, settings and the start script come from the commit's own code."""
    side = sides.read("earlier", root, stage, title="0000000")
    chat = side[CHAT]
    assert set(side) == {CHAT, AUTHORIZER, WORKER}
    assert (chat.name, chat.handler) == ("chat function earlier", "other.place.handle")
    assert chat.package.folder == stage.folder / "earlier" / "ours"
    assert chat.package.zipped_bytes == 7
    assert chat.env == {"AT": stage.upstream}
    assert chat.command(Path("python"))[0].endswith("/ours/other/start")
    assert side[WORKER].env == {"WIDTH": "100"}
    assert not side[WORKER].streams


def test_a_commit_without_a_benchmark(tmp_path: Path, stage: Stage) -> None:
    """One line names the commit and what it lacks."""
    with pytest.raises(CannotCompareError) as caught:
        sides.read("earlier", tmp_path, stage, title="0000000 Begin")
    assert str(caught.value).startswith("0000000 Begin: this commit is too old")
    assert "No module named 'benchmarks'" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("error", ["OSError('disk')", "KeyError('disk')", "TypeError('disk')"])
def test_a_commit_that_cannot_be_built(
    root: Path, stage: Stage, capfd: pytest.CaptureFixture[str], error: str
) -> None:
    """A failed build is not reported as an old commit, and the build's own output is shown."""
    (root / "benchmarks" / "contenders.py").write_text(f"{CONTENDERS}\ndef quick(*_): raise {error}")
    with pytest.raises(CannotCompareError, match="0000000: the functions of this commit could not be built"):
        sides.read("earlier", root, stage, title="0000000")
    assert error.partition("(")[0] in capfd.readouterr().err


@pytest.mark.parametrize("name", ["OURS", "AUTHORIZER", "WORKER", "quick", "authorizers", "worker"])
def test_what_is_relied_on_is_there(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """This commit's benchmark has what later ones rely on; a commit that lacks any of it is recognised."""
    monkeypatch.setattr(contenders, "quick", lambda *_: [replace(a_function({}), name=contenders.OURS)])
    monkeypatch.setattr(
        contenders, "authorizers", lambda *_: [replace(a_function({}), name=contenders.AUTHORIZER)]
    )
    monkeypatch.setattr(
        contenders, "worker", lambda *_, width: replace(a_function({}), name=contenders.WORKER)
    )
    assert describe_functions.main(str(tmp_path), "127.0.0.1:1", "100") == 0
    monkeypatch.delattr(contenders, name)
    capsys.readouterr()
    assert describe_functions.main(str(tmp_path), "127.0.0.1:1", "100") == PREDATES
    assert name in capsys.readouterr().out


def test_settings_of_its_own_come_first() -> None:
    """An earlier commit keeps its own settings, and gets the ones that its benchmark left out."""
    earlier = {CHAT: a_function({"KEPT": "old", "OLD": "old"})}
    present = {CHAT: a_function({"KEPT": "new", "NEW": "new"})}
    assert sides.completed(earlier, present)[CHAT].env == {"KEPT": "old", "OLD": "old", "NEW": "new"}


def test_sides_have_names_of_one_length() -> None:
    """The names have one length, because paths and variables change a process's memory."""
    assert len(sides.BEFORE) == len(sides.NOW)
