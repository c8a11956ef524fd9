"""Lines of batch input and output for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def job(custom_id: object, /, **changes: Any) -> str:
    """A valid line of input, with `changes`."""
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    line = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps({**line, **changes})


def result(number: int, text: str = "Hello", **changes: Any) -> str:
    """A line of output, for the job `job-<number>`."""
    return result_of(str(number), f"job-{number}", text, **changes)


def result_of(key: str, custom_id: object, text: str = "Hello", **changes: Any) -> str:
    """A line of output, for the job with this idempotency key."""
    response = {"status_code": 200, "request_id": "r", "body": {"text": text}}
    line = {"id": f"batch_req_{key}", "custom_id": custom_id, "response": response, "error": None}
    return json.dumps({**line, **changes})


def write(path: Path, lines: list[str]) -> Path:
    """Writes a file of the lines."""
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
