"""What a submitted line's job is called: its idempotency key, and the `id` that its result has."""

from __future__ import annotations

# The message attribute that the worker reads.
ATTRIBUTE = "idempotency_key"
_RESULT = "batch_req_"


def key(submission: str, line: int) -> str:
    """By which the worker takes a line that is sent twice for one job."""
    return f"{submission}-{line}"


def result_id(key: str) -> str:
    """The result's `id`, and the job's name in the worker's log."""
    return f"{_RESULT}{key}"


def line_of(result_id: str, submission: str) -> int | None:
    """The number of the line whose result has this `id`; None where it is no line of the submission's."""
    number = result_id.removeprefix(f"{_RESULT}{submission}-")
    return int(number) if number != result_id and number.isascii() and number.isdecimal() else None
