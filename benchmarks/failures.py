"""The error of a comparison with an earlier commit."""

from __future__ import annotations


class CannotCompareError(Exception):
    """Nothing was compared. The message has one line with the reason."""
