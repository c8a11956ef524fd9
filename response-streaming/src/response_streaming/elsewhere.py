"""Lets runtimes that cannot stream invoke a handler that streams."""

from __future__ import annotations

import binascii
import functools
from collections.abc import Callable
from typing import Any

from response_streaming.responses import StreamError, StreamingResponse

Handler = Callable[[Any, Any], Any]


def buffered_elsewhere(handler: Handler) -> Handler:
    """The same handler; other runtimes get its StreamingResponse in one piece.

    Under this package's loop, it returns what `handler` returns. Elsewhere, a StreamingResponse becomes API Gateway's
    proxy object; `hold_s` and the heartbeat are ignored. Exceptions of the body are raised, except StreamError: it
    replaces the response, or after the first item ends the body with `last_chunk`.
    """

    @functools.wraps(handler)
    def wrapper(event: Any, context: Any) -> Any:
        result = handler(event, context)
        if isinstance(result, StreamingResponse) and _streaming(context) is None:
            return buffered(result)
        return result

    return wrapper


def until_sent(handler: Handler) -> Handler:
    """The same handler, which returns only when its StreamingResponse has been sent, so that decorators last until then.

    Under this package's loop, it returns the closed response, and raises the body's exceptions if nothing has been sent
    yet. Elsewhere, it does the same as buffered_elsewhere.
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
    """The context's `stream_response`; None under other runtimes."""
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
