"""The commands that the pages give for the local stack, run as the pages write them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import stack_file
from local.stack.local_stack import LocalStack
from tests import console_command, documents

pytestmark = pytest.mark.usefixtures("emptied_queues")

# The installed command, which reads the stack's file where the tests' stack has written it.
COMMAND = """#!{python}
from pathlib import Path
from gateway_cli import local_stack
from gateway_cli.entry_point import main
local_stack.STACK_FILE = Path("{file}")
main()
"""


@pytest.fixture
def checkout(stack: LocalStack, tmp_path: Path) -> Iterator[Path]:
    """An empty folder in which the pages' commands find `.venv/bin/chat-gateway` and the running stack."""
    command = tmp_path / ".venv" / "bin" / "chat-gateway"
    command.parent.mkdir(parents=True)
    file = tmp_path / "stack.json"
    command.write_text(COMMAND.format(python=sys.executable, file=file))
    command.chmod(0o755)
    with stack_file.written(file, stack):
        yield tmp_path


def run(checkout: Path, script: str) -> str:
    """Runs the script in a shell without AWS's variables, and returns its output. Each of its commands must succeed."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        ["sh", "-eu", "-c", script],
        cwd=checkout,
        env={**inherited, "PYTHONPATH": console_command.PYTHONPATH, "NO_PROXY": "127.0.0.1,localhost"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def for_local(page: str) -> str:
    """The page's blocks of commands for the local stack, in order."""
    return "\n".join(block for block in documents.code(page, "sh") if "--env local" in block)


def test_the_page_of_the_local_stack(checkout: Path) -> None:
    """The commands of docs/local.md submit a job and receive its answer."""
    script = for_local("docs/local.md")
    assert "jobs submit" in script
    run(checkout, script)
    (result,) = (checkout / "results.jsonl").read_text().splitlines()
    assert json.loads(result)["custom_id"] == "job-1"
    assert json.loads(result)["response"]["status_code"] == 200


def test_the_page_of_jobs(checkout: Path) -> None:
    """The commands of docs/jobs.md for the local stack show its queues."""
    script = for_local("docs/jobs.md")
    assert "jobs status" in script
    assert "dead" in run(checkout, script)
