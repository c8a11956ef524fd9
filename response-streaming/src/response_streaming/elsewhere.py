"""Lets a handler that streams be invoked by a runtime that does not."""

from __future__ import annotations

import binascii
import functools
from collections.abc import Callable
from typing import Any

from response_streaming.responses import StreamError, StreamingResponse

Handler = Callable[[Any, Any], Any]


def buffered_elsewhere(handler: Handler) -> Handler:
    """The same handler, whose StreamingResponse any other runtime gets in one piece.

    Under this package's loop it returns what `handler` does. Elsewhere a StreamingResponse becomes API
    Gateway's proxy object, `hold_s` and the heartbeat are ignored, and what the body raises is raised,
    except a StreamError: it replaces the response, or ends it with `last_chunk` after the first item.
    """

    @functools.wraps(handler)
    def wrapper(event: Any, context: Any) -> Any:
        result = handler(event, context)
        if isinstance(result, StreamingResponse) and _streaming(context) is None:
            return buffered(result)
        return result

    return wrapper


def until_sent(handler: Handler) -> Handler:
    """The same handler, which returns when its StreamingResponse has been sent: decorators around it last until then.

    Under this package's loop it returns that response, closed, and raises what its body raises as long as
    nothing has been sent. Elsewhere it does what buffered_elsewhere does.
    """

    @functools.wraps(handler)
    def wrapper(event: Any, context: Any) -> Any:
        result = handler(event, context)
        if not isinstance(result, StreamingResponse):
            return result
        stream = _streaming(context)
        if stream is None:
            return buffered(result)
        stream(result)
        return result

    return wrapper


def _streaming(context: object) -> Callable[[StreamingResponse], None] | None:
    """What streams a response under our loop; other runtimes' contexts do not have it."""
    stream: Callable[[StreamingResponse], None] | None = getattr(context, "stream_response", None)
    return stream


def buffered(response: StreamingResponse) -> dict[str, Any]:
    """API Gateway's proxy object: a text body, or base64 if it is not UTF-8. Closes the body."""
    try:
        items: list[bytes] = []
        try:
            items.extend(response.body)
        except StreamError as error:
            if not items:
                return buffered(error.response)
            error.response.close()
            items.append(error.last_chunk)
        return {**response.metadata(), **_body(b"".join(items))}
    finally:
        response.close()


def _body(data: bytes) -> dict[str, Any]:
    try:
        return {"body": data.decode("utf-8"), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": binascii.b2a_base64(data, newline=False).decode(), "isBase64Encoded": True}
