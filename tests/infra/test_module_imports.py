"""A module's imports are read from its source, as Python would carry them out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.functions import build_folders, import_closure, known_imports, module_imports
from infra.functions.module_imports import imported_names


def names(source: str, module: str = "top.inner.module", *, is_package: bool = False) -> set[str]:
    return set(imported_names(source.encode(), module, is_package=is_package))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b, c as d", {"a.b", "c"}),
        ("from a.b import c, d as e", {"a.b", "a.b.c", "a.b.d"}),
        ("from . import x", {"top.inner", "top.inner.x"}),
        ("from .x import y", {"top.inner.x", "top.inner.x.y"}),
        ("from ..x import y", {"top.x", "top.x.y"}),
        ("from a import *", {"a", "a.*"}),
        ("x = 1", set()),
    ],
)
def test_each_form_of_import(source: str, expected: set[str]) -> None:
    """An import gives the absolute names of the module, and of what is imported from it."""
    assert names(source) == expected


def test_a_package_imports_relative_to_itself() -> None:
    assert names("from .x import y", "top.inner", is_package=True) == {"top.inner.x", "top.inner.x.y"}
    assert names("from ..x import y", "top.inner", is_package=True) == {"top.x", "top.x.y"}


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    import a",
        "async def f():\n    with x:\n        import a",
        "class C:\n    def f(self):\n        import a",
        "try:\n    import a\nexcept ImportError:\n    pass",
        "try:\n    pass\nexcept ImportError:\n    import a",
        "try:\n    pass\nfinally:\n    import a",
        "if x:\n    pass\nelse:\n    import a",
        "for x in y:\n    pass\nelse:\n    import a",
        "match x:\n    case 1:\n        import a",
        "if TYPE_CHECKING:\n    import b\nelse:\n    import a",
        "if not TYPE_CHECKING:\n    import a",
        "if TYPE_CHECKING or x:\n    import a",
    ],
)
def test_imports_anywhere_count(source: str) -> None:
    """An import in any block counts, because the block may run."""
    assert names(source) == {"a"}


@pytest.mark.parametrize("condition", ["TYPE_CHECKING", "typing.TYPE_CHECKING"])
def test_imports_for_type_checkers_do_not_count(condition: str) -> None:
    assert not names(f"if {condition}:\n    import a")


def test_the_closure_has_packages_and_what_their_init_imports(tmp_path: Path) -> None:
    """Python runs the `__init__` of each package above a module, so their imports belong to the closure."""
    files = {
        "entry.py": "import one.inner.module",
        "one/__init__.py": "from two import thing",
        "one/inner/__init__.py": "",
        "one/inner/module.py": "import json",
        "one/unused.py": "",
        "two.py": "def f():\n    import three",
        "three.py": "from one import unused_name",
    }
    for place, source in files.items():
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(source)
    found = import_closure.find(["entry"], [tmp_path])
    assert found.keys() == {"entry", "one", "one.inner", "one.inner.module", "two", "three"}
    cut = import_closure.find(["entry"], [tmp_path], not_followed={("two", "three")})
    assert cut.keys() == found.keys() - {"three"}


def test_names_count_with_their_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Thing` in `thing.py` is no module `Thing`, also where the file system ignores case: Lambda's does not."""
    (tmp_path / "entry.py").write_text("from thing import Thing\nfrom package import Package")
    for place in (
        "thing/__init__.py",
        "thing/thing.py",
        "package/__init__.py",
        "package/package/__init__.py",
    ):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    places = {str(file).lower() for file in (tmp_path, *tmp_path.rglob("*"))}
    monkeypatch.setattr(os.path, "isfile", lambda path: str(path).lower() in places)
    monkeypatch.setattr(os.path, "isdir", lambda path: str(path).lower() in places)
    assert import_closure.find(["entry"], [tmp_path]).keys() == {"entry", "thing", "package"}


def test_a_module_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a source imports is on record, also for later runs; a changed source is parsed again."""
    monkeypatch.setattr(build_folders, "BUILD", tmp_path)
    for source, parsed in ((b"import a", True), (b"import a", False), (b"import b", True)):
        with known_imports.opened() as known, monkeypatch.context() as patch:
            if not parsed:
                patch.delattr(module_imports, "imported_names")
            assert known.of(source, "module", is_package=False) == [source.decode()[-1]]


def test_a_broken_record_is_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_folders, "BUILD", tmp_path)
    for _ in range(2):
        with known_imports.opened() as known:
            assert known.of(b"import a", "module", is_package=False) == ["a"]
        (record,) = tmp_path.iterdir()
        record.write_text("{")


def test_the_record_is_for_all_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The record may be read by whoever may read the sources, and nothing else is left in the folder."""
    monkeypatch.setattr(build_folders, "BUILD", tmp_path)
    with known_imports.opened() as known:
        known.of(b"import a", "module", is_package=False)
    (record,) = tmp_path.iterdir()
    (tmp_path / "source.py").touch()
    assert record.stat().st_mode == (tmp_path / "source.py").stat().st_mode
