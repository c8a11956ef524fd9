"""Expected failures are lines to read, never tracebacks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from local import command, failures, lock, tools
from local.failures import AlreadyRunningError, CommandFailedError, LocalError, MissingToolError
from local.paths import ROOT, StateFolder


def test_a_failure_without_a_log_is_one_line() -> None:
    """There is nothing more to say."""
    assert failures.report(LocalError("Nothing works.")) == ["error: Nothing works."]


def test_a_failure_with_a_log_shows_its_end_and_where_it_is(tmp_path: Path) -> None:
    """The cause, without jsii's frame around its notes and without blank lines."""
    log = tmp_path / "cdk.log"
    log.write_text("old\n" * 20 + "b'!!  use another Node  !!\\n'\n\nerror: no such environment\n\n")
    lines = failures.report(CommandFailedError("cdk synth failed.", log_file=log))
    assert lines[0] == "error: cdk synth failed."
    assert lines[-2:] == ["  | error: no such environment", f"log: {log}"]
    assert len(lines) == 8
    assert not any("!!" in line for line in lines)


def test_a_log_that_is_not_there_is_no_failure_of_its_own(tmp_path: Path) -> None:
    """The message stands alone."""
    assert failures.last_lines(tmp_path / "none.log") == []


def test_a_second_run_in_a_folder_is_refused(tmp_path: Path) -> None:
    """And the folder is free again afterwards."""
    state = StateFolder(tmp_path)
    refused = pytest.raises(AlreadyRunningError, match="already running")
    with lock.exclusive(state), refused, lock.exclusive(state):
        pass
    with lock.exclusive(state):
        pass


def test_a_missing_node_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is started."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingToolError, match=r"Node\.js is missing"):
        tools.check()


def test_a_missing_installation_says_make_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The one command that brings everything."""
    monkeypatch.setattr("local.tools.shutil.which", lambda _: "/usr/bin/node")
    monkeypatch.setattr("local.paths.CDK", tmp_path / "cdk")
    with pytest.raises(MissingToolError, match="make install"):
        tools.check()


@pytest.mark.parametrize("options", [[], ["--check"]])
def test_a_bad_setting_ends_the_command_with_one_line(
    options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, with exit status 1, and before anything is started."""
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
    """It names the URL and says what to do, before anything is started."""
    monkeypatch.setenv("LOCAL_UPSTREAM_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setattr(tools, "check", lambda: None)
    monkeypatch.setattr(StateFolder.__init__, "__defaults__", (tmp_path,))
    result = CliRunner().invoke(command.main, options)
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: LOCAL_UPSTREAM_URL is 'http://127.0.0.1:9/v1', where nothing answers (")
    assert "start that server, correct the URL, or unset the variable" in line


def test_ctrl_c_while_importing_is_one_line() -> None:
    """Nothing has been started, so there is nothing to wait for."""
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
