"""Checks a line of a batch's input as OpenAI does: https://platform.openai.com/docs/api-reference/batch/request-input"""

from __future__ import annotations

from typing import Any, NamedTuple

from chat_gateway.completions import request as chat_request
from chat_gateway.core import strict_json
from chat_gateway.core.errors import InvalidRequestError

_MAX_CUSTOM_ID_CHARACTERS = 512
_MAX_MESSAGE_CHARACTERS = 200
_REQUIRED = ("custom_id", "method", "url", "body")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class GoodLine(NamedTuple):
    """What a valid line says."""

    custom_id: str
    model: str


class LineError(Exception):
    """A line is not valid. `param` is the part of the line that is wrong."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.param = code, message[:_MAX_MESSAGE_CHARACTERS], param

    def document(self, line: int | None) -> dict[str, Any]:
        """The entry in OpenAI's `errors.data`."""
        return {"code": self.code, "line": line, "message": self.message, "param": self.param}


def check(content: bytes, *, endpoint: str) -> GoodLine:
    """What the line says. Raises LineError."""
    try:
        document = strict_json.loads_object(content.removeprefix(_BYTE_ORDER_MARK))
    except InvalidRequestError as error:
        message = error.message.replace("The request", "This line", 1)
        raise LineError("invalid_json_line", message) from None
    for name in _REQUIRED:
        if document.get(name) is None:
            raise LineError("missing_required_parameter", f"Missing required parameter: '{name}'.", name)
    custom_id = _custom_id(document["custom_id"])
    if document["method"] != "POST":
        raise LineError("invalid_method", "'method' must be POST.", "method")
    if document["url"] != endpoint:
        raise LineError("invalid_url", f"'url' must be the batch's endpoint, {endpoint}.", "url")
    return GoodLine(custom_id, _model(document["body"]))


def custom_id_of(content: bytes) -> str | None:
    """The `custom_id` of a line that `check` accepts. None for any other line."""
    try:
        return _custom_id(strict_json.loads_object(content.removeprefix(_BYTE_ORDER_MARK)).get("custom_id"))
    except (InvalidRequestError, LineError):
        return None


def _custom_id(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_CUSTOM_ID_CHARACTERS:
        rule = f"'custom_id' must be a string of 1 to {_MAX_CUSTOM_ID_CHARACTERS} characters."
        raise LineError("invalid_custom_id", rule, "custom_id")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise LineError(
            "invalid_custom_id", "'custom_id' contains an unpaired surrogate.", "custom_id"
        ) from None
    return value


def _model(body: object) -> str:
    if not isinstance(body, dict):
        raise LineError("invalid_request", "'body' must be an object.", "body")
    try:
        request = chat_request.from_document(body)
    except InvalidRequestError as error:
        raise LineError("invalid_request", error.message, f"body.{error.param}") from None
    if request.streams:
        raise LineError("streaming_unsupported", "A batch cannot stream: remove 'stream'.", "body.stream")
    return request.model
