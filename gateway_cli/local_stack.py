"""The shell variables for calling the local stack and its AWS, read from the stack's file."""

from __future__ import annotations

import json
from pathlib import Path

# `make run` writes this file at its start and removes it at its end.
STACK_FILE = Path(__file__).parents[1] / ".local" / "stack.json"


class NotRunningError(Exception):
    """No local stack is running in this checkout."""


def variables(stack_file: Path) -> dict[str, str]:
    """The shell variables for the local stack: BASE_URL, CLIENT_KEY and AWS's. Raises NotRunningError."""
    try:
        document = json.loads(stack_file.read_text(encoding="utf-8"))
        return {
            "BASE_URL": document["base_url"],
            "CLIENT_KEY": document["api_key"],
            **document["environment"],
        }
    except (FileNotFoundError, ValueError, KeyError, TypeError):  # half written, or from another version
        raise NotRunningError("The local stack is not running. Start it with `make run`.") from None
