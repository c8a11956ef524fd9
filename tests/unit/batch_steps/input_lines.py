"""Lines of a batch's input."""

from __future__ import annotations

import json
from typing import Any

ENDPOINT = "/v1/chat/completions"


def line(custom_id: object = "a", **changes: Any) -> dict[str, Any]:
    """A valid line, with `changes` of its keys; a key that is None is left out."""
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    whole = {"custom_id": custom_id, "method": "POST", "url": ENDPOINT, "body": body, **changes}
    return {key: value for key, value in whole.items() if value is not None}


def jsonl(*documents: object) -> bytes:
    """The file of these lines."""
    return "".join(f"{json.dumps(document)}\n" for document in documents).encode()


def numbered(count: int) -> bytes:
    """The file of `count` valid lines, with custom ids from `id-1`."""
    return jsonl(*(line(f"id-{number}") for number in range(1, count + 1)))
