"""Lambda functions that exist only as botocore's clients: each call passes botocore's own parser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse

from tests.unit import event_stream_messages

Event = dict[str, Any]


class Functions:
    """Sessions whose Lambda answers by `chat` and `worker`, which get the event of an invocation."""

    def __init__(
        self, chat: Callable[[Event], AWSResponse], worker: Callable[[Event], AWSResponse] | None = None
    ) -> None:
        self._chat, self._worker = chat, worker or (lambda _: plain(b'{"batchItemFailures": []}'))
        self.events: list[Event] = []
        self.invoked: list[str] = []
        self.session = boto3.Session(
            aws_access_key_id="testing", aws_secret_access_key="testing", region_name="us-east-1"
        )
        events = self.session.events
        events.register("before-send.lambda.InvokeWithResponseStream", self._to(self._chat))
        events.register("before-send.lambda.Invoke", self._to(self._worker))

    def _to(self, function: Callable[[Event], AWSResponse]) -> Any:
        def send(request: Any, **_: object) -> AWSResponse:
            event = json.loads(request.body)
            self.events.append(event)
            self.invoked.append(request.url)
            return function(event)

        return send


class _Raw:
    """A response's body as urllib3 gives it."""

    def __init__(self, pieces: list[bytes], fault: Exception | None = None) -> None:
        self._pieces, self._fault = pieces, fault

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield from self._pieces
        if self._fault is not None:
            raise self._fault

    def read(self, *_: object) -> bytes:
        content, self._pieces = b"".join(self._pieces), []
        return content

    def close(self) -> None:
        return None


def plain(payload: bytes, *, status: int = 200, **headers: str) -> AWSResponse:
    """Lambda's answer to Invoke, or an error of any call."""
    named: Any = {name.replace("_", "-"): value for name, value in headers.items()}
    return AWSResponse("https://lambda.test", status, named, _Raw([payload]))


def refused(code: str, status: int = 403) -> AWSResponse:
    """Lambda's own error."""
    return plain(b"{}", status=status, x_amzn_errortype=code)


def streamed(*payloads: bytes, error_code: str | None = None, fault: Exception | None = None) -> AWSResponse:
    """Lambda's answer to InvokeWithResponseStream."""
    complete = {} if error_code is None else {"ErrorCode": error_code, "ErrorDetails": "a secret"}
    messages = [
        *(event_stream_messages.event("PayloadChunk", payload) for payload in payloads),
        *([] if fault else [event_stream_messages.event("InvokeComplete", json.dumps(complete).encode())]),
    ]
    content_type: Any = {"content-type": "application/vnd.amazon.eventstream"}
    return AWSResponse("https://lambda.test", 200, content_type, _Raw(messages, fault))
