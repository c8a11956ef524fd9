"""Reads a request's line back from CloudWatch Logs."""

from __future__ import annotations

import json
import time
from typing import Any

from local.failures import CheckFailedError
from local.stack import LocalStack

_WITHIN_S = 15
_POLL_S = 0.2


def chat_line(stack: LocalStack, request_id: str) -> dict[str, Any]:
    """The chat function's log line of the request. Raises CheckFailedError where none comes."""
    deadline = time.monotonic() + _WITHIN_S
    while time.monotonic() < deadline:
        for line in _lines(stack):
            if line.get("request_id") == request_id:
                return line
        time.sleep(_POLL_S)
    raise CheckFailedError(
        f"{stack.chat_log_group} holds no line of the request {request_id}.",
        log_file=stack.state.log("emulator"),
    )


def _lines(stack: LocalStack) -> list[dict[str, Any]]:
    pages = (
        stack.session()
        .client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=stack.chat_log_group)
    )
    return [line for page in pages for event in page["events"] for line in _parsed(event["message"])]


def _parsed(message: str) -> list[dict[str, Any]]:
    """The message's JSON lines: Lambda's own lines may be text."""
    return [json.loads(text) for text in message.splitlines() if text.startswith("{")]
