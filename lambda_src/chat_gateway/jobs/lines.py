"""Reads and writes jobs in OpenAI's batch format.

https://platform.openai.com/docs/api-reference/batch/request-input
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chat_gateway.completions import request as chat_request
from chat_gateway.completions.request import ChatRequest
from chat_gateway.core import strict_json
from chat_gateway.core.errors import GatewayError, InvalidRequestError, RequestTooLargeError, UpstreamError

if TYPE_CHECKING:
    from resource_items.batch_lines import Line

_MAX_CUSTOM_ID_CHARACTERS = 512
# The message attribute that holds a job's idempotency key.
KEY_ATTRIBUTE = "idempotency_key"
# The message attribute with the id of the client that a job belongs to.
CLIENT_ATTRIBUTE = "client"
# The message attribute that marks a line of a batch.
BATCH_LINE_ATTRIBUTE = "batch_line"
# OpenAI's path, Azure's, and ours.
_URLS = frozenset({*chat_request.PATHS, "/chat/completions"})
_BYTE_ORDER_MARK = "\ufeff"

CustomId = str | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class JobMessage:
    """A job's message. `receives` counts its deliveries, with this one; `sent_at_s` is in epoch seconds.

    Messages with the same `key` and body are one job. `key` is the sender's idempotency key, or else the message id.
    `sender` is the sender's IAM id, empty if SQS does not say. `has_bad_key`: the sender's key is malformed and ignored.
    `named_client` is the client's id as the sender wrote it; `client` is the client that the job belongs to, and
    `names_client` says that both are the same. `batch_line` is set for a line of a batch, whose body is loaded later;
    `is_lost` says that there is nothing to load any more.
    """

    id: str
    key: str
    sender: str
    receipt_handle: str
    body: str
    receives: int
    sent_at_s: float
    has_bad_key: bool = False
    named_client: str | None = None
    client: str | None = None
    names_client: bool = False
    batch_line: Line | None = None
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message to send: its body and its string attributes."""

    body: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Job:
    """One line of batch input: the sender's own id, and the request."""

    custom_id: CustomId
    request: ChatRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One line of batch output. `custom_id` is None only if the input line has no readable one."""

    id: str
    custom_id: CustomId | None
    status_code: int | None  # None without an answer from Bedrock
    request_id: str | None
    body: dict[str, Any] | None
    error: dict[str, Any] | None
    client: str | None = None

    def line(self) -> str:
        """The line as JSON, without a line break. In ASCII, because SQS refuses some characters that JSON allows."""
        return json.dumps(self._document(self.body))

    def line_pointing_to(self, location: str) -> str:
        """The line without the body, but with the URL of the whole line."""
        return json.dumps({**self._document(None), "result_location": location})

    def _document(self, body: dict[str, Any] | None) -> dict[str, Any]:
        response = {"status_code": self.status_code, "request_id": self.request_id, "body": body}
        return {
            "id": self.id,
            "custom_id": self.custom_id,
            "response": None if self.status_code is None else response,
            "error": self.error,
            **({} if self.client is None else {"client": self.client}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLine:
    """A stored result line: the line itself, or else the key of the S3 object that holds it.

    `is_failed`: the line of a batch's error file.
    """

    line: str | None = None
    s3_key: str | None = None
    is_failed: bool = False


def result_id(key: str) -> str:
    """The output line's `id`, which is the same for every delivery of a job."""
    return f"batch_req_{key}"


def conflict_id(message_id: str) -> str:
    """The `id` of the output line for a message whose key another job uses. No key results in the same id."""
    return f"batch_req_{message_id}.conflict"


def parse(line: str, *, max_bytes: int) -> Job:
    """The job in a line of batch input. Raises RequestTooLargeError, and InvalidRequestError for an invalid line."""
    raw = line.removeprefix(_BYTE_ORDER_MARK).encode("utf-8", "surrogatepass")
    if len(raw) > max_bytes:
        raise RequestTooLargeError(f"The job is larger than {max_bytes} bytes.")
    document = strict_json.loads_object(raw)
    custom_id = _custom_id(document)
    if custom_id is None:
        raise InvalidRequestError(
            f"'custom_id' must be a string of 1 to {_MAX_CUSTOM_ID_CHARACTERS} characters, or a number.",
            param="custom_id",
        )
    method = document.get("method", "POST")
    if not isinstance(method, str) or method.upper() != "POST":
        raise InvalidRequestError("'method' must be POST.", param="method")
    url = document.get("url")
    if not isinstance(url, str) or url not in _URLS:
        raise InvalidRequestError("'url' must be /v1/chat/completions.", param="url")
    if not isinstance(document.get("body"), dict):
        raise InvalidRequestError("'body' must be an object.", param="body")
    request = chat_request.from_document(document["body"])
    if request.streams:
        raise InvalidRequestError(
            "A job cannot stream: remove 'stream'.", param="stream", code="unsupported_value"
        )
    return Job(custom_id, request)


def readable_custom_id(line: str) -> CustomId | None:
    """The `custom_id` of a line that `parse` may refuse, so that the sender can identify the line. None without one."""
    try:
        return _custom_id(json.loads(line.removeprefix(_BYTE_ORDER_MARK)))
    except (ValueError, RecursionError):
        return None


def _custom_id(document: object) -> CustomId | None:
    """The `custom_id` with its type: a number stays a number."""
    custom_id = document.get("custom_id") if isinstance(document, dict) else None
    if isinstance(custom_id, float):
        return custom_id if math.isfinite(custom_id) else None
    if isinstance(custom_id, int) and not isinstance(custom_id, bool):
        return custom_id
    is_id = isinstance(custom_id, str) and 0 < len(custom_id) <= _MAX_CUSTOM_ID_CHARACTERS
    return custom_id if is_id else None


def error_result(
    id_: str, custom_id: CustomId | None, error: GatewayError, *, client: str | None = None
) -> Result:
    """The output line `id_` for a job that failed for good, with Bedrock's error if Bedrock answered."""
    detail = json.loads(error.body())["error"]
    asked = isinstance(error, UpstreamError)
    return Result(
        id=id_,
        custom_id=custom_id,
        status_code=error.status if asked else None,
        request_id=error.bedrock_request_id,
        body={"error": detail} if asked else None,
        error={"code": error.code or error.type, "message": error.message},
        client=client,
    )
