"""Sends requests byte by byte as written: paths and headers that a client would correct, and trailers."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from local.stack.local_stack import LocalStack
from tests.e2e.guardrail_bypasses import Bypass

_TIMEOUT_S = 30


def send(stack: LocalStack, bypass: Bypass) -> tuple[int, str]:
    """Returns the status and the body of the answer."""
    url = urlsplit(stack.base_url.removesuffix("/openai/v1"))
    connection = http.client.HTTPConnection(url.netloc, timeout=_TIMEOUT_S)
    try:
        connection.putrequest("POST", url.path + bypass.path, skip_accept_encoding=True)
        for name, value in [("authorization", f"Bearer {stack.api_key}"), *bypass.headers]:
            connection.putheader(name, value)
        _send_body(connection, bypass)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def _send_body(connection: http.client.HTTPConnection, bypass: Bypass) -> None:
    if not bypass.trailers:
        connection.putheader("content-length", str(len(bypass.body)))
        connection.endheaders(bypass.body)
        return
    connection.putheader("transfer-encoding", "chunked")
    trailers = "".join(f"{name}: {value}\r\n" for name, value in bypass.trailers)
    chunk = b"%x\r\n%b\r\n" % (len(bypass.body), bypass.body)
    connection.endheaders(chunk + b"0\r\n" + trailers.encode() + b"\r\n")
