"""What a caller may say of a new file: its purpose, its name and how long it is kept."""

from __future__ import annotations

import re

from chat_gateway.core.errors import InvalidRequestError
from resource_items import file_item

_ANCHOR = "created_at"
_NUMBER = re.compile(r"[0-9]{1,9}")


def purpose(value: object) -> str:
    """`value` if it is a purpose that the gateway has. Raises InvalidRequestError."""
    if value is None:
        raise InvalidRequestError("purpose is missing.", param="purpose", code="missing_required_parameter")
    if value != file_item.BATCH:
        raise InvalidRequestError(
            f"This gateway has files for batches only: purpose must be '{file_item.BATCH}'.", param="purpose"
        )
    return file_item.BATCH


def filename(value: object) -> str:
    """`value` if it can be a file's name. Raises InvalidRequestError."""
    if not isinstance(value, str) or not 0 < len(value) <= file_item.MAX_FILENAME_CHARACTERS:
        rule = f"filename must have 1 to {file_item.MAX_FILENAME_CHARACTERS} characters."
        raise InvalidRequestError(rule, param="filename")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidRequestError("filename contains an unpaired surrogate.", param="filename")
    return value


def kept_s(expires_after: object, *, param: str = "expires_after") -> int:
    """How long a file is kept, in seconds, by OpenAI's `expires_after`; the default if it is None.

    Raises InvalidRequestError.
    """
    if expires_after is None:
        return file_item.DEFAULT_KEPT_S
    anchor, seconds = _parts(expires_after, param)
    if anchor != _ANCHOR:
        raise InvalidRequestError(f"{param}.anchor must be '{_ANCHOR}'.", param=f"{param}.anchor")
    low, high = file_item.MIN_KEPT_S, file_item.MAX_KEPT_S
    if seconds is None or not low <= seconds <= high:
        raise InvalidRequestError(
            f"{param}.seconds must be a whole number from {low} to {high}.", param=f"{param}.seconds"
        )
    return seconds


def _parts(expires_after: object, param: str) -> tuple[object, int | None]:
    """The anchor and the seconds. A form has the seconds as text."""
    if not isinstance(expires_after, dict):
        raise InvalidRequestError(f"{param} must have an anchor and seconds.", param=param)
    seconds = expires_after.get("seconds")
    if isinstance(seconds, str) and _NUMBER.fullmatch(seconds):
        seconds = int(seconds)
    is_whole = isinstance(seconds, int) and not isinstance(seconds, bool)
    return expires_after.get("anchor"), seconds if is_whole else None
