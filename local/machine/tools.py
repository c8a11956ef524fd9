"""Checks that all tools are installed before anything is started."""

from __future__ import annotations

from local.machine import paths
from local.machine.failures import MissingToolError


def check() -> None:
    """Raises MissingToolError if a tool is missing. The message says how to install it."""
    for tool, name in ((paths.CDK, "The CDK command line"), (paths.EMULATOR_PYTHON, "The local AWS")):
        if not tool.exists():
            raise MissingToolError(f"{name} is not installed. Run `make install`.")
