"""Where the worker finds batches, read from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables
from resource_items import table

_VARIABLES: variables.Variables = {
    "resources_table": (table.TABLE_VARIABLE, str),
    "files_bucket": (table.BUCKET_VARIABLE, str),
    "steps_queue_url": ("BATCH_STEPS_QUEUE_URL", str),
}


class BatchLinesSettings(NamedTuple):
    """The table of batches, the bucket that has their lines, and the queue of their next steps."""

    resources_table: str
    files_bucket: str
    steps_queue_url: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> BatchLinesSettings:
        """Reads the settings. Raises ConfigurationError that names the missing variable."""
        return cls(**variables.read_all(env, _VARIABLES))

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets."""
        return variables.written(self, _VARIABLES)
