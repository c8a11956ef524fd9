"""Starts the command `chat-gateway`."""

from __future__ import annotations

import os
import signal
import sys

_ABORTED = 1  # click's exit status for an aborted command


def main() -> None:
    """Runs the command. Ctrl-C during the imports ends it without a traceback."""
    signal.signal(signal.SIGINT, _leave)
    from gateway_cli.command import cli

    signal.signal(signal.SIGINT, signal.default_int_handler)
    cli(prog_name="chat-gateway")


def _leave(*_: object) -> None:
    """Ends the process at once: during the imports, no work has begun."""
    sys.stderr.write("Aborted!\n")
    sys.stderr.flush()
    os._exit(_ABORTED)
