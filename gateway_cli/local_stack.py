"""The shell variables for calling the local stack and its AWS, read from the stack's file."""

from __future__ import annotations

import json
from pathlib import Path

# `make run` writes this file at its start and removes it at its end.
STACK_FILE = Path(__file__).parents[1] / ".local" / "stack.json"
# The environment's name, as in `--env local`.
NAME = "local"
_MISSING_VARIABLES = (
    "The variables of the local stack are not set in this shell. "
    f'Run this first, while `make run` runs: eval "$(chat-gateway env --env {NAME})"'
)


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


def missing_variables(env: str) -> str | None:
    """What to do if AWS's variables are not set; None if `env` is not the local stack."""
    return _MISSING_VARIABLES if env == NAME else None
