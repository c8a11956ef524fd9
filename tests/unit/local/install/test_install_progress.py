"""An installation shows its progress, and keeps pip's output."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from local.install import install_progress

LOCKED = """
# a comment
boto3==1.44.5 \\
    --hash=sha256:aa
httpx[http2]==0.28.1 \\
    --hash=sha256:bb
zope.interface==7 ; python_version < "3.12"
"""
OUTPUT = [
    "Collecting boto3==1.44.5\n",
    "  Downloading x\n",
    "Requirement already satisfied: httpx==0.28.1 in somewhere\n",
    "Requirement already satisfied: h11>=0.16 in somewhere\n",
    "Installing collected packages: a\n",
]


def test_locked_packages_are_counted() -> None:
    """Each locked package counts once, whatever its hashes and markers."""
    assert install_progress.counted(LOCKED) == 3


def test_steps_follow_pip() -> None:
    """The step changes with each locked package that pip collects or finds installed."""
    assert list(install_progress.steps(OUTPUT, 3)) == [
        "  1 of 3 packages",
        "  2 of 3 packages",
        "  unpacking 3 packages",
    ]


@pytest.mark.parametrize("status", [0, 7])
def test_pips_status_and_words_are_kept(
    tmp_path: Path, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """The log has all of pip's output, and pip's failure is the command's failure."""
    requirements, log = tmp_path / "r.txt", tmp_path / "log"
    requirements.write_text(LOCKED)
    code = f"print({''.join(OUTPUT)!r}); raise SystemExit({status})"
    assert install_progress.main(log, requirements, [sys.executable, "-c", code]) == status
    assert "Collecting boto3" in log.read_text()
    assert capfd.readouterr().out == "  unpacking 3 packages\n"
