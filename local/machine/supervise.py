"""`python supervise.py COMMAND …` runs a command that ends, with its process group, when whoever started us ends.

Whoever starts us holds the other end of our standard input, which the system closes however that process ends.
We lead a process group, in which the command runs; we ignore SIGTERM, which the group gets to stop the command,
and end as the command ends. Needs nothing but Python's library: it is run with `-I -S`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

_STDIN = 0
_OWN_GROUP = 0
_NOT_FOUND = 127  # as a shell has it


def main(command: list[str]) -> int:
    """The exit status of `command`; does not return where a signal ended it."""
    stop = _Stop()
    signal.signal(signal.SIGTERM, stop)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return _NOT_FOUND
    if stop.came:  # perhaps before the child was there to get it
        child.terminate()
    threading.Thread(target=_end_with_starter, daemon=True).start()
    status = child.wait()
    return status if status >= 0 else _end_by(-status)


class _Stop:
    """A signal handler and not SIG_IGN, which the command would inherit."""

    came = False

    def __call__(self, *_: object) -> None:
        self.came = True


def _end_with_starter() -> None:
    while os.read(_STDIN, 1):
        pass
    os.killpg(_OWN_GROUP, signal.SIGKILL)


def _end_by(number: int) -> int:
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
