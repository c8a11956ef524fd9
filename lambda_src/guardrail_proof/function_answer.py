"""Reads what the chat function answers if it is invoked without API Gateway; no IO."""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

# Between the head and the body of a streamed answer. JSON text has no such byte.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
_DELIMITER = bytes(8)
_STATUSES = range(100, 600)


class NotAnAnswerError(Exception):
    """The payload is no HTTP answer, for example because the function failed."""


class FunctionAnswer(NamedTuple):
    """The status, the headers as the function wrote their names, and the body."""

    status: int
    headers: dict[str, str]
    body: bytes


def read(payload: bytes) -> FunctionAnswer:
    """The answer in `payload`. Raises NotAnAnswerError.

    A streamed answer is a head in JSON, eight zero bytes and the body. A buffered answer is one JSON document.
    """
    head, delimiter, body = payload.partition(_DELIMITER)
    document = _document(head)
    content = body if delimiter else _body(document)
    return FunctionAnswer(_status(document), _headers(document), content)


def _document(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise NotAnAnswerError from None
    if not isinstance(document, dict):
        raise NotAnAnswerError
    return document


def _status(document: dict[str, Any]) -> int:
    status = document.get("statusCode")
    if type(status) is not int or status not in _STATUSES:
        raise NotAnAnswerError
    return status


def _headers(document: dict[str, Any]) -> dict[str, str]:
    headers = document.get("headers")
    if headers is None:
        return {}
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise NotAnAnswerError
    return headers


def _body(document: dict[str, Any]) -> bytes:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"""
    text = document.get("body")
    if text is None:
        return b""
    if not isinstance(text, str):
        raise NotAnAnswerError
    if document.get("isBase64Encoded") is not True:
        return text.encode(errors="surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise NotAnAnswerError from None
