"""The settings of batches."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from infra.settings.table import Table

_MIB = 1024 * 1024
# The steps of batches that the queue of steps may start at once.
MAX_STEPS_AT_ONCE = 10


class Batches(Table):
    """The limits of a batch's input. The defaults are OpenAI's: https://platform.openai.com/docs/guides/batch"""

    max_lines: Annotated[int, Field(ge=1, le=50_000)] = 50_000
    """A batch may have this many lines."""
    max_input_bytes: Annotated[int, Field(ge=1, le=200 * _MIB)] = 200 * _MIB
    """A batch's input file may have this many bytes."""
