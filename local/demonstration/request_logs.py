"""Reads the functions' log lines from CloudWatch Logs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3

from local.machine.failures import CheckFailedError
from local.stack.local_stack import LocalStack

JsonObject = dict[str, Any]

_WITHIN_S = 15
_POLL_S = 0.2


def chat_line(stack: LocalStack, request_id: str) -> JsonObject:
    """The chat function's log line of the request. Raises CheckFailedError if there is none in time."""
    deadline = time.monotonic() + _WITHIN_S
    while time.monotonic() < deadline:
        for _, line in lines(stack.session(), stack.chat_log_group):
            if line.get("request_id") == request_id:
                return line
        time.sleep(_POLL_S)
    raise CheckFailedError(
        f"{stack.chat_log_group} has no line of the request {request_id}.",
        log_file=stack.state.log("emulator"),
    )


def lines(session: boto3.Session, log_group: str) -> Iterator[tuple[int, JsonObject]]:
    """The group's JSON lines, each with its time in milliseconds since 1970."""
    pages = session.client("logs").get_paginator("filter_log_events").paginate(logGroupName=log_group)
    for page in pages:
        for event in page["events"]:
            for line in _parsed(event["message"]):
                yield event["timestamp"], line


def _parsed(message: str) -> list[JsonObject]:
    """The message's JSON lines. Lambda's own lines may be plain text and are left out."""
    return [json.loads(text) for text in message.splitlines() if text.startswith("{")]
