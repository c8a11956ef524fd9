"""Starts the command `chat-gateway`."""

from __future__ import annotations

import os
import signal
import sys

_ABORTED = 1  # click's


def main() -> None:
    """What the console command runs; Ctrl-C while it imports ends it with one word."""
    signal.signal(signal.SIGINT, _leave)
    from gateway_cli.command import cli

    signal.signal(signal.SIGINT, signal.default_int_handler)
    cli(prog_name="chat-gateway")


def _leave(*_: object) -> None:
    """Importing takes a while, and nothing has been begun yet."""
    sys.stderr.write("Aborted!\n")
    sys.stderr.flush()
    os._exit(_ABORTED)
