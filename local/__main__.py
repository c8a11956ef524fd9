"""`python -m local` runs the gateway on this machine until Ctrl-C. `--check` checks it and stops."""

from __future__ import annotations

import os
import signal
import sys

_INTERRUPTED = 130


def _leave(*_: object) -> None:
    """Ends the process at once: during the imports, nothing has been started."""
    sys.stderr.write("Interrupted.\n")
    sys.stderr.flush()
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _leave)
    from local.command import main

    main()
