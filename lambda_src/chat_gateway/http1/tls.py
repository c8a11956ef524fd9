"""The one TLS context of a process: reading the system's root certificates takes 10 to 20 ms."""

from __future__ import annotations

import ssl
from functools import cache


@cache
def context() -> ssl.SSLContext:
    """Verifies hosts against the system's root certificates."""
    return ssl.create_default_context()
