"""The programs of docs/batches.md, run as the page writes them, one after another."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import OpenAI

from local.stack.local_stack import LocalStack
from tests import documents
from tests.e2e.clients_command import created, run

PAGE = "docs/batches.md"
LARGE_BYTES = 5_000_000
ROOT = Path(__file__).parents[2]
# The page looks at a batch every ten seconds, which is too seldom here.
WAITS = {"time.sleep(10)": "time.sleep(0.3)", "setTimeout(resolve, 10_000)": "setTimeout(resolve, 300)"}


@pytest.fixture
def owner(stack: LocalStack, sdk: OpenAI) -> Iterator[OpenAI]:
    """The SDK with the key of a client of this test's own."""
    client_id = f"page-{uuid.uuid4()}"
    yield sdk.with_options(api_key=created(stack, client_id))
    assert run(stack, "delete", client_id, "--files", "--yes").exit_code == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the page names, and the Node SDK."""
    (tmp_path / "lines.jsonl").write_text("".join(documents.code(PAGE, "json")))
    (tmp_path / "large.jsonl").write_bytes(b"x" * LARGE_BYTES)
    (tmp_path / "node_modules").symlink_to((ROOT / "node_modules").resolve())
    return tmp_path


def program(language: str) -> str:
    """The page's blocks in that language as one program, which waits less."""
    text = "\n".join(documents.code(PAGE, language))
    for long, short in WAITS.items():
        text = text.replace(long, short)
    return text


def output(stack: LocalStack, owner: OpenAI, folder: Path, *command: str) -> str:
    """What the program prints. It must succeed."""
    env = {**os.environ, "BASE_URL": stack.base_url, "CLIENT_KEY": owner.api_key, "NO_PROXY": "*"}
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_python(stack: LocalStack, owner: OpenAI, folder: Path) -> None:
    """The batch is answered, the copy is what was sent, and the program deletes only the file that it made for that."""
    first = owner.files.create(file=("first.jsonl", b"{}"), purpose="batch")
    (folder / "page.py").write_text(program("python"))
    printed = output(stack, owner, folder, sys.executable, "page.py")
    assert "completed BatchRequestCounts(completed=1, failed=0, total=1)" in printed
    assert "\nq-1\n" in printed
    assert (folder / "copy.jsonl").read_bytes() == (folder / "lines.jsonl").read_bytes()
    left = [(file.filename, file.bytes) for file in owner.files.list(purpose="batch", order="asc")]
    assert left == [
        (first.filename, 2),
        ("lines.jsonl", (folder / "lines.jsonl").stat().st_size),
        ("large.jsonl", LARGE_BYTES),
    ]


def test_node(stack: LocalStack, owner: OpenAI, folder: Path) -> None:
    """The batch is answered, and the large file arrives whole."""
    (folder / "page.mjs").write_text(program("js"))
    printed = output(stack, owner, folder, "node", "page.mjs")
    assert '"custom_id":"q-1"' in printed.replace(" ", "")
    assert owner.files.retrieve(printed.splitlines()[-1]).bytes == LARGE_BYTES
