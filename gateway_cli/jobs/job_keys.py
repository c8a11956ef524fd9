"""What a submitted line's job is called: its idempotency key, and the `id` that its result has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# The message attribute that the worker reads.
ATTRIBUTE = "idempotency_key"
_RESULT = "batch_req_"
# What the worker takes as a key, and a line number as `key` writes it: no file has more lines than fit into it.
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LINE = re.compile(r"0|[1-9][0-9]{0,17}")


def key(submission: str, line: int) -> str:
    """By which the worker takes a line that is sent twice for one job."""
    return f"{submission}-{line}"


def result_id(key: str) -> str:
    """The result's `id`, and the job's name in the worker's log."""
    return f"{_RESULT}{key}"


def line_of(result_id: str, submission: str) -> int | None:
    """The number of the line whose result has this `id`; None where it is no line of the submission's."""
    number = result_id.removeprefix(f"{_RESULT}{submission}-")
    return int(number) if number != result_id and _LINE.fullmatch(number) else None


def sent_with(attributes: Mapping[str, Any]) -> str | None:
    """The idempotency key among a message's attributes, as SQS gives them; None where the worker finds none."""
    key = attributes.get(ATTRIBUTE, {}).get("StringValue")
    return key if isinstance(key, str) and _KEY.fullmatch(key) else None
