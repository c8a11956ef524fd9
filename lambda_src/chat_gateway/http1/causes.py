"""Names why a connection failed, in our own words: a server's text could hold anything."""

from __future__ import annotations

import errno
import socket
import ssl

# The first match counts, so a subclass stands before its base class.
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
    """A short cause such as `connection refused`; the name of the error's class if the cause is unknown."""
    if error.errno in _NO_WAY:
        return "host not reachable"
    return next((words for kind, words in _CAUSES if isinstance(error, kind)), type(error).__name__)
