"""One line of OpenAI's batch output, as the results queue or the bucket for large results holds it.

https://platform.openai.com/docs/api-reference/batch/request-output
"""

from __future__ import annotations

import json
from dataclasses import dataclass

# Far more than a model says: what is longer would fill the memory of whoever reads it.
MAX_BYTES = 64 * 1024 * 1024


class NotAResultError(ValueError):
    """What should be a result line is none; the message never repeats its text."""


@dataclass(frozen=True, slots=True)
class ResultLine:
    """A line; `raw` is without line break. `location` says where the whole line is, if this one only points there."""

    id: str
    custom_id: str | float | None
    raw: bytes
    location: str | None


def parse(raw: bytes) -> ResultLine:
    """The result in a line. Raises NotAResultError."""
    raw = raw.strip()
    _require_size(raw)
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise NotAResultError("not JSON") from None
    if not isinstance(document, dict):
        raise NotAResultError("not a JSON object")
    id_, custom_id, location = (document.get(name) for name in ("id", "custom_id", "result_location"))
    if not isinstance(id_, str) or not id_:
        raise NotAResultError("'id' is no string")
    if not isinstance(custom_id, str | int | float | None) or not isinstance(location, str | None):
        raise NotAResultError(
            "'custom_id' is neither a string nor a number, or 'result_location' is no string"
        )
    if b"\n" in raw or b"\r" in raw:
        raw = json.dumps(document).encode()
        _require_size(raw)
    return ResultLine(id_, custom_id, raw, location)


def _require_size(raw: bytes) -> None:
    if len(raw) > MAX_BYTES:
        raise NotAResultError("longer than 64 MiB")
