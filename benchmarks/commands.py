"""Runs a command to its end. An interruption also stops the command and its child processes."""

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
    """The command's output and status. Raises FileNotFoundError if the program does not exist.

    On an interruption, the command and its child processes are stopped before the exception is raised again.
    """
    errors = subprocess.PIPE if captures_errors else None
    # In its own session, so that Ctrl-C reaches only this process, which stops the command.
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
