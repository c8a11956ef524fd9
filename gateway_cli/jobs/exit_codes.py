"""How a jobs command ends, for scripts; 2 is click's, for a wrong command line."""

from __future__ import annotations

FAILED = 1  # not all is as it should be; standard error says what
INCOMPLETE = 3  # nothing went wrong, but not all that was asked for has come
INTERRUPTED = 130  # by Ctrl-C or SIGTERM, in order; the same command again goes on
