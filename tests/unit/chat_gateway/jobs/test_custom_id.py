"""The custom_id of a job that may kill its reader is read in a child process."""

from __future__ import annotations

import io
import sys

import pytest

from chat_gateway.jobs.vetting import custom_id, rehearsal

WITHIN_S = 20.0  # enough for a busy machine to start a process


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ('{"custom_id": "é"}', "é"),
        ('{"custom_id": 7}', 7),
        ("{}", None),
        ("not json", None),
        ("\ud800", None),
    ],
)
def test_it_is_read(function_env: None, line: str, read: str | int | None) -> None:
    """The child reads what the worker would read."""
    assert custom_id.of(line, within_s=WITHIN_S) == read


@pytest.mark.parametrize(
    "code",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "import sys; sys.exit(1)",
        "while True: pass",
    ],
)
def test_child_that_dies(function_env: None, code: str) -> None:
    """A child that dies or hangs has read nothing."""
    assert custom_id.of("{}", command=(sys.executable, "-S", "-c", code), within_s=0.5) is None


def test_no_child(function_env: None) -> None:
    """Where no process can be started, nothing is read."""
    assert custom_id.of("{}", command=("/no/such/program",)) is None


def test_the_child_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The child process writes the custom_id of its input as JSON, after it has limited its memory."""
    limited: list[bool] = []
    monkeypatch.setattr(rehearsal, "limit_memory", lambda: limited.append(True))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"custom_id": "mine"}')))
    custom_id.main()
    assert (capsys.readouterr().out, limited) == ('"mine"\n', [True])
