"""`python -m gateway_cli clients create NAME --env dev` and the like."""

from __future__ import annotations

import os
import signal
import sys

_ABORTED = 1  # click's


def _leave(*_: object) -> None:
    """Importing takes a while, and nothing has been begun yet."""
    sys.stderr.write("Aborted!\n")
    sys.stderr.flush()
    os._exit(_ABORTED)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _leave)
    from gateway_cli.command import cli

    signal.signal(signal.SIGINT, signal.default_int_handler)
    cli()
