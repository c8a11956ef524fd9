"""A job, as a line of batch input and as a message."""

from __future__ import annotations

import json
from typing import Any

from chat_gateway.jobs.lines import JobMessage
from tests.unit.chat_gateway.chat_requests import VALID

LINE: dict[str, Any] = {"custom_id": "job-1", "method": "POST", "url": "/v1/chat/completions", "body": VALID}
MESSAGE = JobMessage(
    id="message-1",
    key="key-1",
    sender="AROAOWNER",
    receipt_handle="handle",
    body="{}",
    receives=1,
    sent_at_s=0,
)


def job(content: str = "Hi") -> str:
    """A job's line whose prompt is `content`."""
    body = {**LINE["body"], "messages": [{"role": "user", "content": content}]}
    return json.dumps({**LINE, "body": body})
