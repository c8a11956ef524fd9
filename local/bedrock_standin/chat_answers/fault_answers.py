"""The answers that a fault gives instead of a completion."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from local.bedrock_standin.chat_answers.error_bodies import error_body
from local.bedrock_standin.refusals import AWS_ERROR_CLASSES

if TYPE_CHECKING:
    from local.bedrock_standin.faults.fault import Fault

GARBAGE = b"<html><body>upstream connect error or disconnect/reset before headers</body></html>"


async def answer_to(fault: Fault) -> Response | None:
    """Waits `delay_s`, then returns the fault's answer; None if the request continues normally."""
    await asyncio.sleep(fault.delay_s)
    if fault.body is not None:
        return Response(GARBAGE, fault.status or 200, _headers(fault), "text/html")
    if fault.without_choices:
        return _json({"id": "chatcmpl-00000000", "object": "chat.completion", "created": 0}, 200, {})
    if fault.status is not None:
        return _json(_error(fault, fault.status), fault.status, _headers(fault))
    return None


def _error(fault: Fault, status: int) -> dict[str, Any]:
    if fault.error_shape == "error":
        return error_body(status, fault.message)
    return {fault.error_shape: fault.message}


def _headers(fault: Fault) -> dict[str, str]:
    wanted = {
        "retry-after": fault.retry_after,
        "retry-after-ms": fault.retry_after_ms,
        "x-amzn-errortype": AWS_ERROR_CLASSES.get(fault.status or 200),
    }
    return {name: str(value) for name, value in wanted.items() if value is not None}


def _json(body: dict[str, Any], status: int, headers: dict[str, str]) -> Response:
    return Response(json.dumps(body), status, headers, "application/json")
