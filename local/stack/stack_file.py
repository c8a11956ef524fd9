"""`.local/stack.json`: the running stack's URLs and keys, for other programs of the same user."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.aws import environment
from local.machine import private_file
from local.stack.local_stack import LocalStack

FIELDS = (
    "base_url",
    "api_key",
    "jobs_queue_url",
    "results_queue_url",
    "dead_letter_queue_url",
    "aws_endpoint_url",
    "guardrail_identifier",
    "upstream_url",
)


@contextmanager
def written(path: Path, stack: LocalStack) -> Iterator[None]:
    """Writes the file, and removes it after the block. Only its owner can read it."""
    document = {
        **{name: getattr(stack, name) for name in FIELDS},
        "environment": environment.for_shells(stack.aws_endpoint_url),
    }
    private_file.write(path, json.dumps(document, indent=2) + "\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
