"""The functions' newest log lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway_cli import stack_outputs
from local import logs
from local.machine import paths
from local.machine.paths import StateFolder


class FakeLogs:
    """A session and its clients: groups with a few events each."""

    def __init__(self) -> None:
        self.events = {
            "/resources": [(0, '{"n": 0}'), (5, '{"n": 5}')],
            "/chat": [(1, '{"n": 1}'), (4, 'START\n{"n": 4}')],
            "/worker": [(2, "not JSON"), (3, '{"n": 3}')],
            "/steps": [(6, '{"n": 6}')],
            "/authorizer": [(7, '{"n": 7}')],
        }

    def client(self, _: str) -> FakeLogs:
        return self

    def get_paginator(self, _: str) -> FakeLogs:
        return self

    def paginate(self, *, logGroupName: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's name
        for timestamp, message in self.events[logGroupName]:
            yield {"events": [{"timestamp": timestamp, "message": message}]}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A session of an account with a deployed stack."""
    values: dict[str, Any] = dict.fromkeys(stack_outputs.StackOutputs.__slots__, "x")
    names = {"batch_steps": "steps"}
    functions = ("chat", "worker", "resources", "batch_steps", "authorizer")
    values |= {f"{name}_log_group": f"/{names.get(name, name)}" for name in functions}
    monkeypatch.setattr(stack_outputs, "read", lambda *_: stack_outputs.StackOutputs(**values))
    return FakeLogs()


@pytest.mark.parametrize(("count", "numbers"), [(1, [7]), (3, [5, 6, 7]), (20, [0, 1, 3, 4, 5, 6, 7])])
def test_the_newest_lines_of_all_functions_come_oldest_first(
    session: Any, count: int, numbers: list[int]
) -> None:
    assert [line["n"] for line in logs.newest(session, count)] == numbers


def test_the_session_reaches_the_stack_that_runs(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    state.stack_file.write_text(json.dumps({"aws_endpoint_url": "http://127.0.0.1:4566"}))
    assert logs.session(state).client("logs").meta.endpoint_url == "http://127.0.0.1:4566"


@pytest.mark.parametrize("left_behind", [None, {"aws_endpoint_url": "http://127.0.0.1:9"}])
def test_without_a_running_stack_one_line_says_what_to_do(
    left_behind: dict[str, str] | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The line also appears if a stack was killed and left its file."""
    monkeypatch.setattr(paths, "STATE", tmp_path)
    if left_behind is not None:
        StateFolder(tmp_path).stack_file.write_text(json.dumps(left_behind))
    result = CliRunner().invoke(logs.main)
    assert result.exit_code == 1
    assert result.stderr == "error: The local stack is not running. Start it with `make run`.\n"
