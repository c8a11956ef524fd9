"""Asks the issuer for its keys: one GET, with a deadline and a limit of size."""

from __future__ import annotations

import time
from contextlib import closing
from http import HTTPStatus
from urllib.parse import urlsplit

from chat_gateway.http1 import body as http_body
from chat_gateway.http1 import connect as http_connect
from chat_gateway.http1.connect import Origin
from chat_gateway.http1.connection import HttpConnection
from jwt_clients.errors import KeysUnavailableError

# The function may run for 10 s, and reads the table of clients afterwards.
_WITHIN_S = 3.0
# The keys of large issuers take 20 kB, with certificates.
_MAX_BYTES = 262_144


def fetched(url: str) -> bytes:
    """The body of a 200. Redirects are not followed. Raises KeysUnavailableError."""
    ends_at = time.monotonic() + _WITHIN_S
    try:
        return _answer(url, ends_at)
    except (OSError, ValueError) as error:
        raise KeysUnavailableError(type(error).__name__) from None


def _answer(url: str, ends_at: float) -> bytes:
    parts = urlsplit(url)
    is_encrypted = parts.scheme == "https"
    origin = Origin(parts.hostname or "", parts.port or (443 if is_encrypted else 80), is_encrypted)
    with closing(HttpConnection(http_connect.connect(origin, ends_at=ends_at))) as connection:
        stopped = connection.send(_head(parts.netloc, parts.path or "/", parts.query), ends_at=ends_at)
        if stopped is not None:
            raise stopped
        head = connection.read_head(ends_at=ends_at, is_last=True)
        if head.status != HTTPStatus.OK:
            raise KeysUnavailableError(f"status {head.status}")
        return http_body.gather(connection.pieces(), _MAX_BYTES)


def _head(host: str, path: str, query: str) -> bytes:
    target = f"{path}?{query}" if query else path
    lines = (
        f"GET {target} HTTP/1.1",
        f"host: {host}",
        "accept: application/json",
        "accept-encoding: identity",
        "user-agent: bedrock-chat-gateway",
        "connection: close",
    )
    return "\r\n".join((*lines, "", "")).encode("ascii")
