"""Errors of the operations in AWS's own form: a body with `message`, and the class in a header."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.responses import Response

from local.bedrock_standin.refusals import AWS_ERROR_CLASSES

if TYPE_CHECKING:
    from local.bedrock_standin.refusals import RefusalError

_NAMESPACE = (
    "http://internal.amazon.com/coral/com.amazon.bedrock/"  # stands behind the class in recorded headers
)


def error_response(
    status: int, message: str, error_class: str | None = None, *, key: str = "message"
) -> Response:
    """An error. Its class is that of the status, unless another one is given."""
    name = error_class or AWS_ERROR_CLASSES.get(status)
    headers = {"x-amzn-errortype": f"{name}:{_NAMESPACE}"} if name else {}
    return Response(json.dumps({key: message}), status, headers, "application/json")


def response_of(refusal: RefusalError) -> Response:
    """A refusal as an error."""
    return error_response(refusal.status, refusal.message)
