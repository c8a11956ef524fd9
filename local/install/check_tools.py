"""Checks Python's version before anything is installed. Runs on any Python."""

from __future__ import annotations

import sys

MIN_PYTHON = (3, 11)

if __name__ == "__main__" and sys.version_info < MIN_PYTHON:
    sys.exit(
        "error: Python 3.11 or newer is needed. Install it, or choose another Python with `make PYTHON=python3.13 …`."
    )
