"""Why a batch is not made, answered or cancelled."""

from __future__ import annotations

from http import HTTPStatus

from chat_gateway.core import foreign_text
from chat_gateway.core.errors import GatewayError


class UnknownBatchError(GatewayError):
    """The batch does not exist, or belongs to another client. The answer is the same for both."""

    status = HTTPStatus.NOT_FOUND
    type = "invalid_request_error"
    code = "batch_not_found"

    def __init__(self, batch_id: str) -> None:
        super().__init__(
            f"No batch found with id '{foreign_text.name(batch_id) or '(not an id)'}'.", param="id"
        )


class UnknownInputFileError(GatewayError):
    """The input file does not exist, or belongs to another client."""

    status = HTTPStatus.NOT_FOUND
    type = "invalid_request_error"

    def __init__(self, file_id: str) -> None:
        name = foreign_text.name(file_id) or "(not an id)"
        super().__init__(f"No such File object: {name}", param="input_file_id")


class BatchEndedError(GatewayError):
    """The batch cannot be cancelled, because it has ended."""

    status = HTTPStatus.CONFLICT
    type = "invalid_request_error"
    should_retry: bool | None = False  # the SDKs would repeat every 409

    def __init__(self, status: str) -> None:
        super().__init__(f"Cannot cancel a batch with status '{status}'.")
