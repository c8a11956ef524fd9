"""A client of the Lambda Runtime API: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

It has its own small HTTP/1.1 client, since http.client cannot write trailers and takes 20 ms to import.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Mapping
from io import BufferedReader
from typing import Any, NamedTuple

_ROOT = "/2018-06-01/runtime"
_CONNECT_TIMEOUT_S = 5.0  # the Runtime API is on this machine
_LONGEST_LINE_BYTES = 1 << 20
_ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"
# As an int: enum takes longer for `|` than the system for the call.
_LOOK = int(socket.MSG_PEEK | socket.MSG_DONTWAIT)


class RuntimeApiError(Exception):
    """The Runtime API is gone, or answers in an undocumented way. The process has to end."""


class RefusedError(Exception):
    """The Runtime API refused an answer with `status`, for example as too large. The invocation has failed."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP status {status}")
        self.status = status


class Answer(NamedTuple):
    """An HTTP response: `headers` with names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        """Whether the Runtime API closes the connection after this answer."""
        return self.headers.get("connection", "").lower() == "close"


class Invocation(NamedTuple):
    """One event to handle."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str:
        return self.headers.get("lambda-runtime-aws-request-id", "")

    @property
    def trace_id(self) -> str | None:
        return self.headers.get("lambda-runtime-trace-id")


class Connection:
    """One connection to the Runtime API. Raises OSError if connecting, writing or reading fails."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        target = (host.strip("[]"), int(port))
        self._socket = socket.create_connection(target, timeout=_CONNECT_TIMEOUT_S)
        self._socket.settimeout(None)  # the next event may be hours away
        # A small chunk must not wait for the acknowledgement of the one before.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self._socket.makefile("rb")
        self.send = self._socket.sendall

    def send_at_once(self, data: bytes) -> int:
        """Sends without waiting. Returns the number of bytes sent, 0 if the buffer is full."""
        try:
            return self._socket.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return 0

    def is_idle(self) -> bool:
        """Whether the connection is open and no unexpected bytes have come."""
        try:
            self._socket.recv(1, _LOOK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False  # closed by the other side, or unexpected bytes

    def receive(self) -> Answer:
        """The answer to the oldest unanswered request. Raises ConnectionError if the other side closed the connection."""
        return _read_answer(self._reader)

    def close(self) -> None:
        self._reader.close()
        self._socket.close()


class RuntimeApi:
    """The Runtime API at `address` (host:port), over one connection that is kept between requests.

    Every method raises RuntimeApiError, those that post also RefusedError.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection: Connection | None = None

    def next_invocation(self) -> Invocation:
        """Waits for the next event."""
        answer = self._exchange("GET", "/invocation/next")
        if answer.status != 200:
            raise RuntimeApiError(f"HTTP status {answer.status} to the request for the next event")
        return Invocation(answer.headers, answer.body)

    def post_result(self, invocation: Invocation, body: bytes, content_type: str) -> None:
        headers = {"Content-Type": content_type, **_identity(invocation)}
        self._post(f"/invocation/{invocation.request_id}/response", headers, body)

    def post_error(self, invocation: Invocation, document: Mapping[str, Any]) -> None:
        headers = {**_error_headers(document["errorType"]), **_identity(invocation)}
        self._post(f"/invocation/{invocation.request_id}/error", headers, json.dumps(document).encode())

    def post_init_error(self, document: Mapping[str, Any], error_type: str | None = None) -> None:
        headers = _error_headers(error_type or document["errorType"])
        self._post("/init/error", headers, json.dumps(document).encode())

    def restore_next(self) -> None:
        """Lets Lambda take the snapshot. Returns when the environment has been restored from it."""
        answer = self._exchange("GET", "/restore/next")
        self.close()  # a connection from before the snapshot
        if answer.status != 200:
            raise RuntimeApiError(f"HTTP status {answer.status} to the request for the restore")

    def post_restore_error(self, document: Mapping[str, Any], error_type: str) -> None:
        self._post("/restore/error", _error_headers(error_type), json.dumps(document).encode())

    def take_connection(self) -> Connection:
        """The connection over which the event came, which now belongs to the caller. Raises OSError.

        If it was closed, a new connection is made, which delays the first byte.
        """
        kept, self._connection = self._connection, None
        if kept is not None:
            if kept.is_idle():
                return kept
            kept.close()
        return Connection(self._address)

    def give_back(self, connection: Connection) -> None:
        """Takes back a connection whose requests have all been answered, and uses it for the next request."""
        self._connection = connection

    def streaming_head(self, invocation: Invocation) -> bytes:
        """The request line and headers of a streamed response.

        https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
        """
        headers = {
            "Lambda-Runtime-Function-Response-Mode": "streaming",
            "Transfer-Encoding": "chunked",
            "Content-Type": "application/vnd.awslambda.http-integration-response",
            "Trailer": f"{_ERROR_TYPE}, Lambda-Runtime-Function-Error-Body",
            **_identity(invocation),
        }
        return self._head("POST", f"/invocation/{invocation.request_id}/response", headers)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, path: str, headers: Mapping[str, str], body: bytes) -> None:
        answer = self._exchange("POST", path, {**headers, "Content-Length": str(len(body))}, body)
        check_accepted(answer)

    def _exchange(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        request = self._head(method, path, headers or {}) + body
        reused = self._connection is not None
        try:
            try:
                return self._round_trip(request)
            except ConnectionError:
                if not reused:
                    raise
                return self._round_trip(request)  # the kept connection had been closed while idle
        except OSError as error:
            raise RuntimeApiError(f"{method} {path}: {type(error).__name__}") from error

    def _round_trip(self, request: bytes) -> Answer:
        if self._connection is None:
            self._connection = Connection(self._address)
        try:
            self._connection.send(request)
            answer = self._connection.receive()
        except BaseException:
            self.close()
            raise
        if answer.closes:
            self.close()
        return answer

    def _head(self, method: str, path: str, headers: Mapping[str, str]) -> bytes:
        lines = [f"{method} {_ROOT}{path} HTTP/1.1", f"Host: {self._address}", f"User-Agent: {_USER_AGENT}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def check_accepted(answer: Answer) -> None:
    """Raises RefusedError, or RuntimeApiError if the documentation asks the runtime to exit."""
    # "500: Container error. Non-recoverable state. Runtime should exit promptly."
    # https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
    if answer.status >= 500:
        raise RuntimeApiError(f"HTTP status {answer.status}")
    if answer.status >= 300:
        raise RefusedError(answer.status)


def trailers(error_type: str, body: str) -> bytes:
    """The trailer lines that report an error to Lambda after the head. `body` is in base64."""
    lines = (f"{_ERROR_TYPE}: {_header_value(error_type)}", f"Lambda-Runtime-Function-Error-Body: {body}", "")
    return "\r\n".join(lines).encode("ascii")


_USER_AGENT = "response-streaming-python/{}.{}.{}".format(*sys.version_info[:3])


def _identity(invocation: Invocation) -> dict[str, str]:
    """The header that awslambdaric 4 sends back with every answer, if Lambda sent it."""
    name = "Lambda-Runtime-Invocation-Id"
    value = invocation.headers.get(name.lower())
    return {} if value is None else {name: value}


def _error_headers(error_type: str) -> dict[str, str]:
    return {"Content-Type": "application/json", _ERROR_TYPE: _header_value(error_type)}


def _header_value(text: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in text)


def _read_answer(reader: BufferedReader) -> Answer:
    status_line = reader.readline(_LONGEST_LINE_BYTES)
    if not status_line:
        raise ConnectionResetError("closed without an answer")
    try:
        status = int(status_line.split(None, 2)[1])
        headers = _read_headers(reader)
        return Answer(status, headers, _read_body(reader, headers))
    except (ValueError, IndexError) as error:
        raise OSError("not an HTTP response") from error


def _read_headers(reader: BufferedReader) -> dict[str, str]:
    headers = {}
    while (line := reader.readline(_LONGEST_LINE_BYTES)) not in (b"\r\n", b"\n"):
        name, colon, value = line.partition(b":")
        if not colon:
            raise ValueError("a header without a colon")
        headers[name.decode("latin-1").lower()] = value.strip().decode("utf-8", "replace")
    return headers


def _read_body(reader: BufferedReader, headers: Mapping[str, str]) -> bytes:
    # The Runtime API is written in Go, which sends a larger event in chunks.
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _read_chunks(reader)
    return _read_exactly(reader, int(headers.get("content-length", "0")))


def _read_chunks(reader: BufferedReader) -> bytes:
    chunks = []
    while size := int(reader.readline(_LONGEST_LINE_BYTES).partition(b";")[0], 16):
        chunks.append(_read_exactly(reader, size))
        reader.readline(_LONGEST_LINE_BYTES)
    while reader.readline(_LONGEST_LINE_BYTES).strip():
        pass  # trailers
    return b"".join(chunks)


def _read_exactly(reader: BufferedReader, size: int) -> bytes:
    data = reader.read(size)
    if len(data) != size:
        raise OSError("the answer was cut off")
    return data
