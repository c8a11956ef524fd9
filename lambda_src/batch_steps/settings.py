"""The settings of the function that runs the steps of batches, read from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables
from chat_gateway.core.variables import count
from resource_items import batch_lines, table

_VARIABLES: variables.Variables = {
    "resources_table": (table.TABLE_VARIABLE, str),
    "files_bucket": (table.BUCKET_VARIABLE, str),
    "records_table": ("JOB_RECORDS_TABLE", str),
    "results_bucket": ("RESULTS_BUCKET", str),
    "jobs_queue_url": ("JOBS_QUEUE_URL", str),
    "steps_queue_url": (batch_lines.STEPS_QUEUE_VARIABLE, str),
    "max_lines": ("BATCH_MAX_LINES", count),
    "max_input_bytes": ("BATCH_MAX_INPUT_BYTES", count),
    "max_line_bytes": ("MAX_REQUEST_BYTES", count),
    "requests_per_minute": ("JOBS_REQUESTS_PER_MINUTE", count),
    "max_attempts": ("BATCH_STEP_MAX_ATTEMPTS", count),
}


class StepSettings(NamedTuple):
    """The stores and queues of batches, and their limits."""

    resources_table: str
    files_bucket: str
    records_table: str
    results_bucket: str
    jobs_queue_url: str
    steps_queue_url: str
    max_lines: int
    max_input_bytes: int
    max_line_bytes: int
    requests_per_minute: int  # of a client without a limit of its own
    max_attempts: int  # a batch whose step has failed so often is given up

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> StepSettings:
        """Reads the settings. Raises ConfigurationError that names the missing or wrong variable."""
        return cls(**variables.read_all(env, _VARIABLES))

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets."""
        return variables.written(self, _VARIABLES)
