"""One line of OpenAI's batch output, from the results queue or the bucket for large results.

https://platform.openai.com/docs/api-reference/batch/request-output
"""

from __future__ import annotations

import json
from dataclasses import dataclass

# Much longer than any answer of a model. The limit protects the memory of this program.
MAX_BYTES = 64 * 1024 * 1024


class NotAResultError(ValueError):
    """The line is not a result. The message never repeats the line's text."""


@dataclass(frozen=True, slots=True)
class ResultLine:
    """A line. `raw` has no line break. `location` is the place of the whole line, if this line only points to it."""

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
        raise NotAResultError("'id' is not a string")
    if not isinstance(custom_id, str | int | float | None) or not isinstance(location, str | None):
        raise NotAResultError(
            "'custom_id' is neither a string nor a number, or 'result_location' is not a string"
        )
    if b"\n" in raw or b"\r" in raw:
        raw = json.dumps(document).encode()
        _require_size(raw)
    return ResultLine(id_, custom_id, raw, location)


def _require_size(raw: bytes) -> None:
    if len(raw) > MAX_BYTES:
        raise NotAResultError("longer than 64 MiB")
