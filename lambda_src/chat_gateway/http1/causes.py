"""Says why a connection failed, in words of ours: a server's own may hold anything."""

from __future__ import annotations

import errno
import socket
import ssl

# The first that fits: an error's class stands before the class that it is a kind of.
_CAUSES: tuple[tuple[type[OSError], str], ...] = (
    (socket.gaierror, "name not resolved"),
    (ssl.SSLCertVerificationError, "certificate not valid"),
    (ssl.SSLEOFError, "connection reset"),
    (ssl.SSLError, "TLS failed"),
    (ConnectionRefusedError, "connection refused"),
    (ConnectionError, "connection reset"),
)
_NO_WAY = (errno.EHOSTUNREACH, errno.ENETUNREACH)


def cause(error: OSError) -> str:
    """`connection refused` and the like; the error's class where that is all that is known."""
    if error.errno in _NO_WAY:
        return "host not reachable"
    return next((words for kind, words in _CAUSES if isinstance(error, kind)), type(error).__name__)
