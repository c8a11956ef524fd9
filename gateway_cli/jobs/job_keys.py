"""The idempotency key of a submitted line's job, and the `id` of its result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

# The message attribute that the worker reads.
ATTRIBUTE = "idempotency_key"
_RESULT = "batch_req_"
# The keys that the worker accepts, and a line number as `key` writes it. No file has 10**18 lines.
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LINE = re.compile(r"0|[1-9][0-9]{0,17}")


def key(submission: str, line: int) -> str:
    """The idempotency key of a line. The worker treats two messages with the same key as one job."""
    return f"{submission}-{line}"


def result_id(key: str) -> str:
    """The `id` of the job's result, which is also the job's name in the worker's log."""
    return f"{_RESULT}{key}"


def line_of(result_id: str, submission: str) -> int | None:
    """The number of the line whose result has this `id`; None if the result is not from this submission."""
    number = result_id.removeprefix(f"{_RESULT}{submission}-")
    return int(number) if number != result_id and _LINE.fullmatch(number) else None


def sent_with(attributes: Mapping[str, Any]) -> str | None:
    """The idempotency key in a message's attributes, as SQS gives them; None if there is no valid key."""
    key = attributes.get(ATTRIBUTE, {}).get("StringValue")
    return key if isinstance(key, str) and _KEY.fullmatch(key) else None
