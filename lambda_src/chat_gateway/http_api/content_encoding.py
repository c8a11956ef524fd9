"""Decodes the body of a request that has a Content-Encoding: https://www.rfc-editor.org/rfc/rfc9110#section-8.4"""

from __future__ import annotations

import zlib
from http import HTTPStatus

from chat_gateway.core.errors import GatewayError, InvalidRequestError, RequestTooLargeError

HEADER = "content-encoding"
# https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1.3
_GZIP = (["gzip"], ["x-gzip"])
_NO_CODING = ("", "identity")
# The largest window, with gzip's head and checksum: https://docs.python.org/3/library/zlib.html#zlib.decompress
_WINDOW_BITS = 16 + zlib.MAX_WBITS


class UnsupportedContentEncodingError(GatewayError):
    """The body has another coding than gzip, or more than one."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    type = "invalid_request_error"
    code = "unsupported_content_encoding"

    def __init__(self) -> None:
        super().__init__("Send the body without Content-Encoding, or with Content-Encoding: gzip, once.")

    def headers(self) -> dict[str, str]:
        """With the coding to use: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16"""
        return {**super().headers(), "accept-encoding": "gzip"}


class DecodedBodyTooLargeError(RequestTooLargeError):
    """The body is over the limit after decoding. The class is in the log line."""


def decoded(content: bytes, values: list[str], *, max_bytes: int) -> bytes:
    """The body that was encoded as the header's `values` say. It decodes at most `max_bytes` and one.

    Raises UnsupportedContentEncodingError, DecodedBodyTooLargeError, and InvalidRequestError for a body that is not gzip.
    """
    named = [coding.strip().lower() for coding in ",".join(values).split(",")]
    codings = [coding for coding in named if coding not in _NO_CODING]
    if not codings:
        return content
    if codings not in _GZIP:
        raise UnsupportedContentEncodingError
    return _gunzipped(content, max_bytes)


def _gunzipped(content: bytes, max_bytes: int) -> bytes:
    """Exactly one member of gzip: https://www.rfc-editor.org/rfc/rfc1952#section-2.2"""
    gzip = zlib.decompressobj(_WINDOW_BITS)
    try:
        found = gzip.decompress(content, max_bytes + 1)
    except zlib.error:
        raise _bad("is not valid gzip, although its Content-Encoding is gzip") from None
    if len(found) > max_bytes:
        raise DecodedBodyTooLargeError(f"The decoded request body is larger than {max_bytes} bytes.")
    if not gzip.eof:
        raise _bad("ends before its gzip does")
    if gzip.unused_data:
        raise _bad("goes on after its gzip has ended")
    return found


def _bad(what: str) -> InvalidRequestError:
    return InvalidRequestError(f"The request body {what}.", code="invalid_gzip")
