"""A rehearsal process in which certain words make a job poison; no job today has this fault."""

from __future__ import annotations

import os
import signal
import sys
import unicodedata

from chat_gateway.jobs import lines as job_lines
from chat_gateway.jobs.lines import Job
from chat_gateway.jobs.vetting import rehearsal as job_rehearsal

COMMAND = (sys.executable, "-S", __file__)
STALLS, CRASHES, DEVOURS = "it stalls", "it crashes", "it devours memory"
_parse = job_lines.parse


def is_poison(line: str) -> bool:
    return any(word in line for word in (STALLS, CRASHES, DEVOURS))


def _poisoned(line: str, *, max_bytes: int) -> Job:
    if STALLS in line:
        unicodedata.normalize("NFC", "a" + "\u0301\u0327" * 200_000)
    if CRASHES in line:
        os.kill(os.getpid(), signal.SIGSEGV)
    if DEVOURS in line:
        bytearray(1_000_000_000)
    return _parse(line, max_bytes=max_bytes)


if __name__ == "__main__":
    job_lines.parse = _poisoned
    job_rehearsal.main()
