"""A typed function of a user of the package's wheel. It is type-checked and not run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from typing import Any

from response_streaming import (
    ALARM,
    Alarm,
    Cancel,
    LambdaContext,
    StreamError,
    StreamingResponse,
    buffered_elsewhere,
    until_sent,
)


def refused(status: int) -> StreamingResponse:
    return StreamingResponse(status_code=status, headers={}, body=iter([b"no"]), is_whole=True)


def events(context: LambdaContext, alarm: Alarm = ALARM) -> Iterator[bytes]:
    cancel: Cancel = alarm.at(time.monotonic() + context.get_remaining_time_in_millis() / 1000, lambda: None)
    try:
        yield b"data: 1\n\n"
        raise StreamError("Function.Refused", response=refused(429), last_chunk=b"")
    finally:
        cancel.cancel()


@buffered_elsewhere
def handler(event: dict[str, Any], context: LambdaContext) -> StreamingResponse:
    name: str | None = context.function_name
    return StreamingResponse(
        status_code=200,
        headers={"x-function": name or context.aws_request_id},
        body=events(context),
        cookies=["a=b"],
        hold_s=math.inf,
        heartbeat=b": ping\n\n",
    )


def timed(handle: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return handle


@timed
@until_sent
def other(event: dict[str, Any], context: LambdaContext) -> StreamingResponse | dict[str, int]:
    return {"statusCode": 204}


# What is wrong must be seen: an ignore that nothing needs is an error, too.
WRONG_TYPE = StreamingResponse(status_code="200", headers={}, body=iter(()))  # type: ignore[arg-type]
NO_BODY = StreamingResponse(status_code=200, headers={})  # type: ignore[call-arg]
