"""Why a comparison with an earlier commit could not be made."""

from __future__ import annotations


class CannotCompareError(Exception):
    """Nothing was compared; the message is one line for a developer."""
