"""The events of a Bedrock stream."""

from __future__ import annotations

import json
from typing import Any

DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}


def chunk(**fields: Any) -> bytes:
    return b"data: " + json.dumps({"id": "chatcmpl-1", "choices": [], **fields}).encode() + b"\n\n"


def words(text: str) -> bytes:
    return chunk(choices=[{"index": 0, "delta": {"content": text}}])


ROLE = chunk(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}}])
USAGE_CHUNK = chunk(usage=USAGE)
FINISH = {"index": 0, "delta": {}, "finish_reason": "stop"}
