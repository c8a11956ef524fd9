"""Prints the guardrail policy of an environment as JSON, in the form of CreateGuardrail.

python -m infra.show_guardrail_policy NAME
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from infra import emulator, environments
from infra.settings import files
from infra.settings.guardrail import OwnGuardrail
from infra.settings.problems import InvalidEnvironmentError


def policy(name: str, folder: Path = files.FOLDER) -> dict[str, Any]:
    """The policy of the guardrail that the environment's stack creates. Raises InvalidEnvironmentError."""
    if name == emulator.NAME:
        raise InvalidEnvironmentError(
            f"{name!r} has no guardrail policy in its settings: choose another environment."
        )
    guardrail = environments.named(name, folder=folder).guardrail
    if not isinstance(guardrail, OwnGuardrail):
        raise InvalidEnvironmentError(
            f'environments/{name}.toml: guardrail.kind is "{guardrail.kind}", so the file has no guardrail policy.'
        )
    return guardrail.policy


if __name__ == "__main__":
    try:
        print(json.dumps(policy(sys.argv[1])))
    except InvalidEnvironmentError as error:
        sys.exit(f"error: {error}")
