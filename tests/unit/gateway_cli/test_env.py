"""`env` prints lines that a shell can evaluate."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner, Result

from gateway_cli import env_command, local_stack, stack_outputs
from gateway_cli.command import cli
from local.machine.paths import StateFolder
from local.stack import stack_file
from tests.unit.gateway_cli.outputs import OUTPUTS
from tests.unit.local.stacks import made_up_stack

HOSTILE = 'bcg-\'; touch "$HOME" `id`\n$(id)'


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell for the deployed environment, without a client's key."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    for name in ("AWS_PROFILE", "CLIENT_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(stack_outputs, "read", lambda *_: OUTPUTS)


def run(env: str = "dev") -> Result:
    return CliRunner().invoke(cli, ["env", "--env", env])


def evaluated(lines: str, *names: str) -> list[str]:
    """The values of the variables in a shell that has evaluated the lines."""
    script = 'eval "$1"; shift; for name; do printenv "$name"; done'
    command = ["sh", "-c", script, "sh", lines, *names]
    return subprocess.run(command, capture_output=True, check=True, text=True, env={}).stdout.splitlines()


def test_the_base_url_is_exported() -> None:
    """Without a terminal and a key, only the base URL is set, and a line says what is missing."""
    done = run()
    assert evaluated(done.stdout, "BASE_URL") == [OUTPUTS.base_url]
    assert "CLIENT_KEY" not in done.stdout
    assert done.stderr == "CLIENT_KEY is not set. Set it to a client's key.\n"


@pytest.mark.parametrize(
    ("client_auth", "says"), [("iam", "sign their requests"), ("jwt", "Set it to a JWT")]
)
def test_callers_without_keys(monkeypatch: pytest.MonkeyPatch, client_auth: str, says: str) -> None:
    """Where callers have no keys, only the base URL is set, nobody is asked, and a line says what callers do."""
    monkeypatch.setattr(stack_outputs, "read", lambda *_: replace(OUTPUTS, client_auth=client_auth))
    done = run()
    assert evaluated(done.stdout, "BASE_URL") == [OUTPUTS.base_url]
    assert "CLIENT_KEY=" not in done.stdout
    assert says in done.stderr


def test_a_given_key_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the environment is neither asked for nor printed."""
    monkeypatch.setenv("CLIENT_KEY", "bcg-given")
    done = run()
    assert "bcg-given" not in done.stdout
    assert done.stderr == "CLIENT_KEY is already set and was not changed.\n"


@pytest.mark.parametrize("key", ["bcg-typed", ""])
def test_a_missing_key_is_asked_for(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """The prompt goes to standard error, since a shell evaluates the output; an empty answer sets nothing."""
    asked: list[bool] = []

    def prompt(_: str, *, hide_input: bool, err: bool, **__: object) -> str:
        asked.append(hide_input and err)
        return key

    terminal = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr(env_command, "sys", SimpleNamespace(stdin=terminal))
    monkeypatch.setattr(click, "prompt", prompt)
    lines = run().stdout
    assert asked == [True]
    assert ("export CLIENT_KEY=bcg-typed" in lines) is bool(key)


def test_values_are_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell runs nothing in a value."""
    monkeypatch.setattr(local_stack, "variables", lambda _: {"CLIENT_KEY": HOSTILE})
    assert "\n".join(evaluated(run("local").stdout, "CLIENT_KEY")) == HOSTILE


def test_the_local_stack_has_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The running stack's file sets all variables for the gateway and for AWS's tools."""
    stack, path = made_up_stack(tmp_path), tmp_path / "stack.json"
    monkeypatch.setattr(local_stack, "STACK_FILE", path)
    with stack_file.written(path, stack):
        lines = run("local").stdout
    names = ("BASE_URL", "CLIENT_KEY", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION")
    assert evaluated(lines, *names) == [
        *(stack.base_url, stack.api_key, stack.aws_endpoint_url),
        *(stack.region, stack.region),
    ]
    assert evaluated(lines, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY") == ["test", "test"]


def test_a_stopped_local_stack_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """If the local stack is stopped, an error says how to start it, and the shell gets nothing."""
    monkeypatch.setattr(local_stack, "STACK_FILE", tmp_path / "stack.json")
    done = run("local")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "Error: The local stack is not running. Start it with `make run`.\n"


def test_it_is_the_file_that_make_run_writes() -> None:
    """The command and the local stack use the same file."""
    assert StateFolder().stack_file == local_stack.STACK_FILE
