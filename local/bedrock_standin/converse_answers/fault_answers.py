"""The answers that a fault gives instead of a model's answer or a guardrail's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from local.bedrock_standin.converse_answers.errors import error_response

if TYPE_CHECKING:
    from local.bedrock_standin.faults.converse_fault import ConverseFault

GARBAGE = b"<html><body>upstream connect error or disconnect/reset before headers</body></html>"
# What AWS's front door answers for a host without the operation. It is HTTP 200.
_UNKNOWN_OPERATION = {
    "Output": {"__type": "com.amazon.coral.service#UnknownOperationException"},
    "Version": "1.0",
}


async def answer_to(fault: ConverseFault) -> Response | None:
    """Waits `delay_s`, then returns the fault's answer; None if the request continues normally."""
    await asyncio.sleep(fault.delay_s)
    if fault.body is not None:
        return _with_retry(Response(GARBAGE, fault.status or 200, None, "text/html"), fault)
    if fault.without_choices:
        return JSONResponse(_UNKNOWN_OPERATION)
    if fault.status is not None:
        key = "Message" if fault.error_shape == "Message" else "message"
        return _with_retry(error_response(fault.status, fault.message, fault.error_class, key=key), fault)
    return None


def _with_retry(response: Response, fault: ConverseFault) -> Response:
    for name, value in (("retry-after", fault.retry_after), ("retry-after-ms", fault.retry_after_ms)):
        if value is not None:
            response.headers[name] = str(value)
    return response
