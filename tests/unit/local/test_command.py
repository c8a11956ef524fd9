"""If the command cannot start, it ends with one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from local import command
from local.machine import paths, tools
from local.machine.paths import ROOT


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_a_bad_setting_ends_the_command_with_one_line(
    options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bad setting ends the command with status 1 and one line on standard error, before it starts anything."""
    monkeypatch.setenv("LOCAL_UPSTREAM_URL", "localhost")
    result = CliRunner().invoke(command.main, options)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "error: LOCAL_UPSTREAM_URL is 'localhost'; it must be a base URL such as http://localhost:11434/v1."
    ]


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_an_upstream_that_does_not_answer_ends_the_command_with_one_line(
    options: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The line names the URL and says what to do, before anything is started."""
    monkeypatch.setenv("LOCAL_UPSTREAM_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setattr(tools, "check", lambda: None)
    monkeypatch.setattr(paths, "STATE", tmp_path)
    result = CliRunner().invoke(command.main, options)
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(
        "error: LOCAL_UPSTREAM_URL is 'http://127.0.0.1:9/v1', but no server answers there ("
    )
    assert "Start that server, correct the URL, or unset the variable" in line


def test_ctrl_c_while_importing_is_one_line() -> None:
    """Ctrl-C during the imports ends the command at once, since nothing has been started."""
    code = """
import os, runpy, signal, sys
class Interrupt:
    def find_spec(self, name, *_):
        if name == "local.command":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupt())
runpy.run_module("local", run_name="__main__")
"""
    arguments = [sys.executable, "-c", code]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted.\n")
