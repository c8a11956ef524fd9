"""The values that a stack keeps from one run to the next."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from local.machine.ports import Ports
from local.stack import kept
from local.stack.kept import Kept

KEPT = Kept(ports=Ports(aws=4566, upstream=8080), client_key="bcg-made-up")


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """The next run reads the ports and the key, which only their owner can read."""
    path = tmp_path / "kept.json"
    kept.write(path, KEPT)
    assert kept.read(path) == KEPT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_first_run_keeps_nothing(tmp_path: Path) -> None:
    """Without a file, all values are new."""
    assert kept.read(tmp_path / "kept.json") == Kept()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"ports": null, "client_key": "k"}',
        '{"ports": {"aws": 1}, "client_key": "k"}',
        '{"ports": {"aws": true, "upstream": 2}, "client_key": "k"}',
        '{"ports": {"aws": 1, "upstream": 70000}, "client_key": "k"}',
        '{"ports": {"aws": 1, "upstream": 2}, "client_key": ""}',
        '{"ports": {"aws": 1, "upstream": 2}, "client_key": 3}',
    ],
)
def test_a_spoilt_file_is_no_failure(tmp_path: Path, text: str) -> None:
    """A file that cannot be used is ignored."""
    path = tmp_path / "kept.json"
    path.write_text(text)
    assert kept.read(path) == Kept()
