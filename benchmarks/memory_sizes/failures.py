"""The error of a machine on which nothing can be measured."""

from __future__ import annotations


class CannotLimitError(Exception):
    """The processor time of a process cannot be limited here. The message has one line with the reason."""
