"""A batch's input of 200 MB and 50,000 lines, which is the largest that OpenAI takes, is checked in little memory."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_MIB = 1024 * 1024
# The memory of a process that has imported everything, and of the check.
_MAX_GROWTH_BYTES = 64 * _MIB
_CHECK = """
import json, re
from pathlib import Path
from batch_steps import validation
from batch_steps.validation import InputLimits

def pieces():
    body = {"model": "m", "messages": [{"role": "user", "content": "x" * 4000}]}
    held = b""
    for number in range(50_000):
        line = {"custom_id": f"id-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}
        held += json.dumps(line).encode() + b"\\n"
        if len(held) >= 2**20:
            yield held
            held = b""
    yield held

def peak_kib():
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])

limits = InputLimits(max_lines=50_000, max_bytes=200 * 2**20, max_line_bytes=4 * 2**20)
before = peak_kib()
found = validation.check(pieces(), 50_000 * 4130, limits, endpoint="/v1/chat/completions")
assert (found.total_lines, found.errors) == (50_000, []), found.errors[:3]
print(peak_kib() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_two_hundred_megabytes() -> None:
    """The check of the whole file takes less memory than a third of the file."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-c", _CHECK], capture_output=True, text=True, check=True, env=env
    )
    grown = int(ended.stdout) * 1024
    print(f"{grown / _MIB:.0f} MiB for 200 MB")
    assert 0 < grown < _MAX_GROWTH_BYTES
