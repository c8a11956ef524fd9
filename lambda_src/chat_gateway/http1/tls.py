"""Shares one TLS context per process, since reading the system's root certificates takes 10 to 20 ms."""

from __future__ import annotations

import ssl
from functools import cache


@cache
def context() -> ssl.SSLContext:
    """A context that verifies servers against the system's root certificates."""
    return ssl.create_default_context()
