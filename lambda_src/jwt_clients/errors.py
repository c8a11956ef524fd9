"""Why a token lets nobody in."""

from __future__ import annotations


class RefusedTokenError(Exception):
    """The token is refused. The message is for the log; it has nothing of the token."""


class KeysUnavailableError(Exception):
    """The issuer's keys cannot be read. The message is for the log."""
