"""The exit codes of the jobs commands. Click itself uses 2 for a wrong command line."""

from __future__ import annotations

FAILED = 1  # an error; standard error has the message
INCOMPLETE = 3  # no error, but some of the requested results have not come
INTERRUPTED = 130  # stopped in order by Ctrl-C or SIGTERM; the same command continues
