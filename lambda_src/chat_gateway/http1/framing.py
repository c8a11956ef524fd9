"""Frames the bodies of requests from httpx's client, and refuses requests that HTTP/1.1 cannot carry.

https://www.rfc-editor.org/rfc/rfc9112#section-6
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import httpx

# RFC 9112, 3.1 and RFC 9110, 5.6.2: a method is a token.
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SIZE = re.compile(rb"[0-9]{1,15}")
_HAS_ONE_LINE = (b"host", b"content-length", b"transfer-encoding")


def body(request: httpx.Request) -> Iterator[bytes]:
    """The body as it is sent.

    Raises httpx.UnsupportedProtocol and LocalProtocolError. The iterator raises LocalProtocolError if a length is wrong.
    """
    if request.url.scheme not in ("http", "https") or not request.url.raw_host:
        raise httpx.UnsupportedProtocol("neither an http:// nor an https:// address", request=request)
    fields = _fields(request)
    # RFC 9110, 9.3.6: CONNECT would make the connection a tunnel.
    if not _METHOD.fullmatch(request.method) or request.method == "CONNECT":
        raise _refused(request, "a method that cannot be sent")
    # RFC 9112, 3.2: a client must send Host.
    if b"host" not in fields:
        raise _refused(request, "a request without Host")
    pieces = _pieces(request)
    coding, size = fields.get(b"transfer-encoding"), fields.get(b"content-length")
    if coding is None:
        return _counted(request, pieces, size)
    # RFC 9112, 6.2: no length together with a coding. 6.1: the last coding must be chunked; we support no other.
    if size is not None or coding.lower() != b"chunked":
        raise _refused(request, "a transfer coding other than chunked, or a length together with it")
    return _chunked(pieces)


def is_last(request: httpx.Request) -> bool:
    """Whether the request asks to close the connection (RFC 9112, 9.6)."""
    wishes = request.headers.get("connection", "").lower().split(",")
    return "close" in (wish.strip() for wish in wishes)


def _fields(request: httpx.Request) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for raw_name, value in request.headers.raw:
        name = raw_name.lower()
        if name in _HAS_ONE_LINE and name in fields:
            raise _refused(request, f"{name.decode('ascii')} twice")
        fields[name] = value
    return fields


def _pieces(request: httpx.Request) -> Iterable[bytes]:
    """The request's content if httpx has read it, else httpx's stream."""
    try:
        return (request.content,)
    except httpx.RequestNotRead:
        pass
    if not isinstance(request.stream, httpx.SyncByteStream):
        raise _refused(request, "an asynchronous body")
    return request.stream


def _counted(request: httpx.Request, pieces: Iterable[bytes], size: bytes | None) -> Iterator[bytes]:
    # RFC 9112, 6.3, rules 6 and 7: the body has Content-Length bytes, or none without Content-Length.
    if size is not None and not _SIZE.fullmatch(size):
        raise _refused(request, "an invalid length")
    return _exactly(int(size or b"0"), request, pieces)


def _exactly(left_bytes: int, request: httpx.Request, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        left_bytes -= len(piece)
        if left_bytes < 0:
            raise _refused(request, "a body longer than its Content-Length")
        yield piece
    if left_bytes:
        raise _refused(request, "a body shorter than its Content-Length")


def _chunked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if piece:  # RFC 9112, 7.1: an empty chunk is the last one
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"


def _refused(request: httpx.Request, words: str) -> httpx.LocalProtocolError:
    return httpx.LocalProtocolError(words, request=request)
