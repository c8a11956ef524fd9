"""Runs a command to its end and lets nothing of it survive an interruption."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.machine import processes

_GRACE_S = 1.0  # enough for git to remove its locks


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    captures_errors: bool = False,
) -> subprocess.CompletedProcess[str]:
    """What the command wrote and its status. Raises FileNotFoundError where there is no such program.

    Where this is interrupted, the command and all that it started are stopped before the exception leaves.
    """
    errors = subprocess.PIPE if captures_errors else None
    # In a session of its own: Ctrl-C reaches it through us.
    process = subprocess.Popen(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
    )
    with process:
        try:
            output, complaint = process.communicate()
        except BaseException:
            processes.stop(process, grace_s=_GRACE_S)
            raise
    return subprocess.CompletedProcess(
        process.args, process.returncode, output.decode(), (complaint or b"").decode()
    )
