"""JSON and server-sent events as bytes."""

from __future__ import annotations

import json
from typing import Any

JsonObject = dict[str, Any]

EVENT_STREAM = "text/event-stream"
DONE = b"data: [DONE]\n\n"


def encoded(body: JsonObject) -> bytes:
    """JSON bytes, with non-ASCII text not escaped."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def sse(chunk: JsonObject) -> bytes:
    """A chunk as one server-sent event."""
    return b"data: " + encoded(chunk) + b"\n\n"
