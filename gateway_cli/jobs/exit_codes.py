"""The exit codes of the commands `jobs`, `doctor` and `trace`. Click itself uses 2 for a wrong command line."""

from __future__ import annotations

FAILED = 1  # an error; standard error has the message. Of `doctor`: something is wrong
# No error, but some of the requested results have not come, something could not be checked, or nothing was found.
INCOMPLETE = 3
INTERRUPTED = 130  # stopped in order by Ctrl-C or SIGTERM; the same command continues
