"""Why an upload, or a part of one, is refused."""

from __future__ import annotations

from http import HTTPStatus

from chat_gateway.core import foreign_text
from chat_gateway.core.errors import GatewayError, InvalidRequestError


class UnknownUploadError(GatewayError):
    """The upload does not exist, or belongs to another client. The answer is the same for both."""

    status = HTTPStatus.NOT_FOUND
    type = "invalid_request_error"

    def __init__(self, upload_id: str) -> None:
        super().__init__(
            f"No such Upload object: {foreign_text.name(upload_id) or '(not an id)'}", param="id"
        )


class UploadEndedError(InvalidRequestError):
    """The upload is not pending any more."""

    def __init__(self, status: str) -> None:
        super().__init__(f"The upload is {status}.", code=f"upload_{status}")


class OtherPartsError(InvalidRequestError):
    """An earlier call has begun to put other parts together, or has done so."""

    def __init__(self) -> None:
        super().__init__(
            "An earlier call completes this upload with other parts. Repeat that call, or make a new upload.",
            param="part_ids",
        )


class WrongPartsError(InvalidRequestError):
    """The list of parts does not fit the upload."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem, param="part_ids")


class TooManyPartsError(InvalidRequestError):
    """The upload cannot have more parts."""

    def __init__(self, most: int) -> None:
        super().__init__(
            f"The upload has {most} parts, which is the limit. Make a new upload with larger parts, "
            "for example part_size=4_000_000.",
            code="too_many_parts",
        )


class WrongHashError(InvalidRequestError):
    """The content is not the one that the caller hashed."""

    def __init__(self) -> None:
        super().__init__("The parts have another MD5 hash than md5.", param="md5")
