"""Errors that files, uploads and batches share."""

from __future__ import annotations

from http import HTTPStatus

from chat_gateway.core.errors import GatewayError, InvalidRequestError, RequestTooLargeError
from openai_resources.settings import MAX_BODY_BYTES


class StorageUnavailableError(GatewayError):
    """DynamoDB or S3 refused a call, or did not answer. `reason`, for the log, is the operation and AWS's code."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "storage_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__("The gateway's storage did not answer; try again later.")
        self.reason = reason


class MissingFieldError(InvalidRequestError):
    """A field that the route needs is missing, or null."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} is missing.", param=field, code="missing_required_parameter")


class FileTooLargeError(RequestTooLargeError):
    """The file or part is too large for one request."""

    def __init__(self) -> None:
        super().__init__(
            f"The request body is larger than {MAX_BODY_BYTES} bytes. Send the file in parts: "
            "client.uploads.upload_file_chunked(..., part_size=4_000_000)."
        )
