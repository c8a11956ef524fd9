"""Why a file is not answered."""

from __future__ import annotations

from http import HTTPStatus

from chat_gateway.core import foreign_text
from chat_gateway.core.errors import GatewayError


class UnknownFileError(GatewayError):
    """The file does not exist, or belongs to another client. The answer is the same for both."""

    status = HTTPStatus.NOT_FOUND
    type = "invalid_request_error"

    def __init__(self, file_id: str) -> None:
        super().__init__(f"No such File object: {foreign_text.name(file_id) or '(not an id)'}", param="id")
