"""The package as users get it: built, installed alone, and started as Lambda starts it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests import documents
from tests.runtime_api import RuntimeApiServer, streaming_runtime

PROJECT = documents.ROOT / "response-streaming"
README = "response-streaming/README.md"
CONSUMER = Path(__file__).with_name("consumer.py")
TEN_EVENTS = b"".join(b"data: %d\n\n" % number for number in range(10))


def pip(*arguments: str | Path) -> None:
    """Runs pip with only the packages of this machine."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    subprocess.run([*command, "--no-index"], check=True, env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-build-isolation", "--wheel-dir", folder, PROJECT)
    (built,) = folder.iterdir()
    return built


@pytest.fixture
def empty_python(tmp_path: Path) -> Path:
    """A Python without any package, not even pip."""
    venv.create(tmp_path / "environment", symlinks=True)
    return tmp_path / "environment" / "bin" / "python"


@pytest.fixture(scope="module")
def task_root(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    """The README's example, with the package installed beside it as the README says."""
    folder = tmp_path_factory.mktemp("build")
    pip("install", "--target", folder, wheel)
    (folder / "app.py").write_text(documents.code(README, "python")[0])
    return folder


def streamed(task_root: Path, python: Path, start: Path) -> bytes:
    """The example's stream, started by the script `start`."""
    with (
        RuntimeApiServer() as api,
        streaming_runtime(
            api,
            task_root=task_root,
            handler="app.handler",
            python=str(python),
            start=start,
            env={"PYTHONPATH": ""},
        ),
    ):
        answer = api.invoke().answer()
    assert answer.header("Lambda-Runtime-Function-Response-Mode") == "streaming"
    assert len(answer.chunks) > 10
    return answer.body.partition(bytes(8))[2]


def test_the_readmes_example_streams(task_root: Path, empty_python: Path) -> None:
    """The installed package needs only Python, and pip keeps `start` executable."""
    start = task_root / "response_streaming" / "start"
    assert streamed(task_root, empty_python, start) == TEN_EVENTS


def test_a_script_of_ones_own(task_root: Path, empty_python: Path, tmp_path: Path) -> None:
    """If an installer loses the mode of `start`, the README's script starts it."""
    copy = tmp_path / "build"
    shutil.copytree(task_root, copy)
    (copy / "response_streaming" / "start").chmod(0o644)
    (script,) = documents.code(README, "sh")
    own = copy / "own_start"
    own.write_text(script)
    own.chmod(0o755)
    assert streamed(copy, empty_python, own) == TEN_EVENTS


def test_a_strictly_typed_handler(wheel: Path, empty_python: Path, tmp_path: Path) -> None:
    """mypy --strict accepts a handler that uses every public name, and reports wrong uses."""
    pip("--python", empty_python, "install", wheel)
    shutil.copy(CONSUMER, tmp_path / "app.py")
    checked = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--config-file=",
            "--python-executable",
            empty_python,
            "app.py",
        ],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
