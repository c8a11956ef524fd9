"""The scripted model as an OpenAI-compatible server, for the stand-in to ask."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from local.machine.ports import LOOPBACK
from tests.sdk_clients.scripted_model import completion


@contextmanager
def scripted() -> Iterator[str]:
    """The server's base URL, while the block runs."""
    with ThreadingHTTPServer((LOOPBACK, 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Answers in one piece: the stand-in makes the stream after the guardrail has read the answer."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """There is no list of models, so the stand-in asks for the caller's model."""
        self._send(404, {"error": {"message": "no such path"}})

    def do_POST(self) -> None:
        """A chat completion."""
        self._send(200, completion(json.loads(self.rfile.read(int(self.headers["content-length"])))))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library has it
        """Logs nothing: the stand-in's log has the requests."""

    def _send(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
