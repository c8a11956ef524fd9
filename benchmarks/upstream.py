"""A server in place of Bedrock and AWS, with a fixed latency, faster than all measured functions.

`python -m benchmarks.upstream` prints its port and ends when its standard input is closed. Unlike the stand-in of the
local stack, this server does not check requests and has no model. It uses a thread for each connection and prepared
bytes. The model's name in a request defines the answer (`shapes.Shape`), on chat completions, Converse and
ConverseStream. ApplyGuardrail finds nothing. A GET request gets the latest updates of DynamoDB's
items as a JSON list, in order of arrival, without those that an earlier GET request got. `GET /asked` gets the paths of the
latest requests to Bedrock in the same way.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from io import BufferedReader

from benchmarks import aws_answers, converse_answers, shapes
from benchmarks.shapes import TEXT, WORD, Shape

_MOST_KEPT = 100
_HEAD = b"HTTP/1.1 %b\r\nX-Amzn-RequestId: 8d1f6c1e-upstream\r\nContent-Type: %b\r\n"
_ASKED = "/asked"
_OK, _NOT_FOUND = b"200 OK", b"404 Not Found"
_JSON = b"application/json"
_UNKNOWN_MODEL = (
    b'{"error":{"message":"The model does not support this API.","type":"invalid_request_error"}}'
)
_COMPLETION = json.dumps(
    {
        "id": "chatcmpl-edc562cd",
        "object": "chat.completion",
        "created": 0,
        "model": "openai.gpt-oss-120b-1:0",
        "service_tier": "standard",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": TEXT},
            }
        ],
        "usage": {"prompt_tokens": 23, "completion_tokens": 112, "total_tokens": 135},
    }
).encode()
_EVENT = (
    '{"id":"chatcmpl-edc562cd","object":"chat.completion.chunk","created":0,"model":"openai.gpt-oss-120b-1:0",'
    '"choices":[{"index":0,"delta":%s,"finish_reason":%s}],"usage":null}'
)
_USAGE = (
    '{"id":"chatcmpl-edc562cd","object":"chat.completion.chunk","created":0,"model":"openai.gpt-oss-120b-1:0",'
    '"choices":[],"usage":{"prompt_tokens":23,"completion_tokens":112,"total_tokens":135}}'
)
# Kept as bytes, because reading them would delay the answer.
_updates: deque[bytes] = deque(maxlen=_MOST_KEPT)
_asked: deque[bytes] = deque(maxlen=_MOST_KEPT)


def asked_paths(address: str) -> list[str]:
    """The paths that Bedrock was asked for at the upstream on `address` since the last call, at most the last hundred."""
    with closing(HTTPConnection(address)) as connection:
        connection.request("GET", _ASKED)
        paths: list[str] = json.loads(connection.getresponse().read())
    return paths


def serve(listener: socket.socket) -> None:
    """Answers each connection in its own thread, until the listener is closed."""
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_serve_connection, args=(connection,), daemon=True).start()


def _serve_connection(connection: socket.socket) -> None:
    with suppress(OSError), connection, connection.makefile("rb") as source:
        while (head := _head(source)) is not None:
            _answer(connection, head, _body(source, head))


def _head(source: BufferedReader) -> dict[bytes, bytes] | None:
    """The headers by lowercase name, with the request line under b""; None at the end of the connection."""
    line = source.readline()
    if not line:
        return None
    fields = {b"": line}
    while (line := source.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        fields[name.lower()] = value.strip()
    return fields


def _body(source: BufferedReader, head: dict[bytes, bytes]) -> bytes:
    if head.get(b"transfer-encoding") != b"chunked":
        return source.read(int(head.get(b"content-length", b"0")))
    pieces = []
    while size := int(source.readline(), 16):
        pieces.append(source.read(size))
        source.readline()
    source.readline()
    return b"".join(pieces)


def _answer(connection: socket.socket, head: dict[bytes, bytes], body: bytes) -> None:
    if b"x-amz-target" in head:
        _answer_aws(connection, head[b"x-amz-target"], body)
        return
    if head[b""].startswith(b"GET "):
        _send_whole(connection, _JSON, _kept(head[b""]))
        return
    _asked.append(head[b""])
    if converse_answers.is_asked_for(head[b""]):
        _answer_converse(connection, Shape.asked_for(head[b""]))
    elif converse_answers.is_a_check(head[b""]):
        _send_whole(connection, _JSON, converse_answers.NOTHING_FOUND)
    elif shapes.is_of_converse(body):
        _send_whole(connection, _JSON, _UNKNOWN_MODEL, status=_NOT_FOUND)
    else:
        _answer_chat(connection, Shape.asked_for(body))


def _answer_chat(connection: socket.socket, shape: Shape) -> None:
    time.sleep(shape.latency_us / 1e6)
    if shape.streams:
        _send_stream(connection, b"text/event-stream; charset=utf-8", shape, _events(shape))
    else:
        _send_whole(connection, _JSON, _COMPLETION)


def _answer_converse(connection: socket.socket, shape: Shape) -> None:
    time.sleep(shape.latency_us / 1e6)
    if shape.streams:
        _send_stream(connection, converse_answers.CONTENT_TYPE, shape, converse_answers.events(shape))
    else:
        _send_whole(connection, _JSON, converse_answers.COMPLETION)


def _answer_aws(connection: socket.socket, target: bytes, body: bytes) -> None:
    if target.endswith(b".UpdateItem"):
        _updates.append(body)
    _send_whole(connection, b"application/x-amz-json-1.1", aws_answers.answer(target, body))


def _kept(request_line: bytes) -> bytes:
    """What a GET request gets."""
    if request_line.startswith(b"GET " + _ASKED.encode()):
        return json.dumps([line.split()[1].decode() for line in _taken(_asked)]).encode()
    return b"[%b]" % b",".join(_taken(_updates))


def _taken(kept: deque[bytes]) -> list[bytes]:
    return [kept.popleft() for _ in range(len(kept))]


def _send_whole(
    connection: socket.socket, content_type: bytes, content: bytes, *, status: bytes = _OK
) -> None:
    head = _HEAD % (status, content_type)
    connection.sendall(head + b"Content-Length: %d\r\n\r\n%b" % (len(content), content))


def _send_stream(
    connection: socket.socket, content_type: bytes, shape: Shape, events: Iterator[Callable[[], bytes]]
) -> None:
    connection.sendall(_HEAD % (_OK, content_type) + b"Transfer-Encoding: chunked\r\n\r\n")
    due_s = time.monotonic()
    for event in events:
        if shape.gap_us:
            due_s += shape.gap_us / 1e6
            time.sleep(max(0.0, due_s - time.monotonic()))
        connection.sendall(_chunk(event()))
    connection.sendall(b"0\r\n\r\n")


def _events(shape: Shape) -> Iterator[Callable[[], bytes]]:
    """Functions that make the events. Each is called when its event is due, because a paced event has its sending time."""
    first = _data(_EVENT % ('{"role":"assistant","content":""}', "null"))
    word = _data(_EVENT % (f'{{"content":"{WORD}"}}', "null"))
    yield lambda: first
    for _ in range(shape.events):
        yield _stamped if shape.gap_us else lambda: word
    for text in (_EVENT % ("{}", '"stop"'), _USAGE, "[DONE]"):
        yield lambda text=text: _data(text)  # type: ignore[misc]


def _stamped() -> bytes:
    return _data(_EVENT % (f'{{"content":" @{time.monotonic_ns()}@"}}', "null"))


def _data(text: str) -> bytes:
    return f"data: {text}\n\n".encode()


def _chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
