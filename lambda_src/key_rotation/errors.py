"""Why a step of a rotation cannot go on."""

from __future__ import annotations


class RotationError(Exception):
    """The message, for the log, says in our own words what is wrong and what to do. It holds no key."""
