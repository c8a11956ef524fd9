"""Reads the custom_id of a job in a child process, because reading the job may kill the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from chat_gateway.jobs import lines as job_lines
from chat_gateway.jobs.lines import CustomId
from chat_gateway.jobs.vetting import rehearsal as job_rehearsal

_WITHIN_S = 2.0
_SOURCES = str(Path(__file__).parents[3])
_COMMAND = (sys.executable, "-SP", "-m", "chat_gateway.jobs.vetting.custom_id")


def of(line: str, *, command: Sequence[str] = _COMMAND, within_s: float = _WITHIN_S) -> CustomId | None:
    """The job's custom_id; None if it has none, or if the child process dies or does not answer in time."""
    try:
        child = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": _SOURCES},
            input=line.encode("utf-8", "surrogatepass"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # an exception's message could repeat the prompt
            timeout=within_s,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    custom_id: CustomId | None = json.loads(child.stdout)
    return custom_id


def main() -> None:
    """Writes the custom_id of the job in the standard input, as JSON."""
    job_rehearsal.limit_memory()
    line = sys.stdin.buffer.read().decode("utf-8", "surrogatepass")
    print(json.dumps(job_lines.readable_custom_id(line)))


if __name__ == "__main__":
    main()
