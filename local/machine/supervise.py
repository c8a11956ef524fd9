"""`python supervise.py COMMAND …` runs a command, and ends its process group when the starting process ends.

The starting process holds the other end of this process's standard input, which the system closes when that process ends.
This process leads a process group, in which the command runs. SIGTERM goes to the whole group: the command ends, and this
process ignores it and ends with the command's status. It needs only the standard library, and runs with `-I -S`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

_STDIN = 0
_OWN_GROUP = 0
_NOT_FOUND = 127  # the same status as a shell's


def main(command: list[str]) -> int:
    """Runs `command`. Returns its exit status. If a signal ended it, this process ends with the same signal."""
    stop = _Stop()
    signal.signal(signal.SIGTERM, stop)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return _NOT_FOUND
    if stop.came:  # perhaps before the child had started
        child.terminate()
    threading.Thread(target=_end_with_starter, daemon=True).start()
    status = child.wait()
    return status if status >= 0 else _end_by(-status)


class _Stop:
    """A signal handler that records the signal. The command would inherit SIG_IGN, but it does not inherit a handler."""

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
