"""A server in place of Bedrock and AWS that sends the largest answers. How fast it is does not matter."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.memory_sizes import large_answers, large_stores
from local.bedrock_standin.converse_answers import frames

_AMZ_JSON = "application/x-amz-json-1.0"
# The model is in the path, or at an end of the body.
_LOOKED_AT_BYTES = 2000


@contextmanager
def running() -> Iterator[str]:
    """Runs the server during the block. Yields its address (host:port)."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Prints nothing: a function that is stopped resets its connections."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Prints nothing."""

    def do_POST(self) -> None:
        body = self._body()
        target = self.headers.get("x-amz-target")
        if target is not None:
            self._send(large_stores.operation(target, body), {"Content-Type": _AMZ_JSON})
        elif "?" in self.path:
            self._send(_xml(self.path), {"Content-Type": "application/xml"})
        elif self.path.startswith("/guardrail/"):
            self._send(json.dumps(large_answers.guardrail()).encode())
        else:
            self._answer(body)

    def do_PUT(self) -> None:
        """Writes an object of S3, or a part of one."""
        self._body()
        self._send(b"", {"ETag": '"e"'})

    def do_GET(self) -> None:
        """Reads an object of S3, or lists the parts of an upload: none yet."""
        if "uploadId=" in self.path:
            self._send(_xml(self.path), {"Content-Type": "application/xml"})
        else:
            self._send(large_stores.content(self.path))

    def do_HEAD(self) -> None:
        """No file of results exists yet."""
        self.send_response(HTTPStatus.NOT_FOUND)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, body: bytes) -> None:
        asked = large_answers.wanted(
            self.path + (body[:_LOOKED_AT_BYTES] + body[-_LOOKED_AT_BYTES:]).decode(errors="ignore")
        )
        if self.path.endswith("/converse-stream"):
            self._send_stream(large_answers.converse_frames(asked), frames.EVENT_STREAM)
        elif self.path.endswith("/converse"):
            self._send(large_answers.converse(asked))
        elif b'"stream":true' in body[:_LOOKED_AT_BYTES] + body[-_LOOKED_AT_BYTES:]:
            self._send_stream(large_answers.events(asked), "text/event-stream")
        else:
            self._send(large_answers.whole(asked))

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        pieces = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _send(self, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _send_stream(self, pieces: Iterator[bytes], content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")


def _xml(path: str) -> bytes:
    """S3's answers to the calls of a multipart upload, and to the deletion of objects.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
    """
    query = path.partition("?")[2]
    name = "DeleteResult" if query.startswith("delete") else "Result"
    return f"<{name}><UploadId>u</UploadId><ETag>e</ETag><IsTruncated>false</IsTruncated></{name}>".encode()
