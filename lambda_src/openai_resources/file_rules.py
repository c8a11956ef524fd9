"""What a caller may say of a new file: its purpose, its name and how long it is kept."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from chat_gateway.core.errors import InvalidRequestError
from openai_resources.errors import MissingFieldError
from resource_items import file_item

_FIELD, _ANCHOR = "expires_after", "created_at"
_NUMBER = re.compile(r"[0-9]{1,9}")


def purpose(value: object) -> str:
    """`value` if it is a purpose that the gateway has. Raises InvalidRequestError."""
    if value is None:
        raise MissingFieldError("purpose")
    if value != file_item.BATCH:
        raise InvalidRequestError(
            f"This gateway has files for batches only: purpose must be '{file_item.BATCH}'.", param="purpose"
        )
    return file_item.BATCH


def filename(value: object) -> str:
    """`value` if it can be a file's name. Raises InvalidRequestError."""
    if value is None:
        raise MissingFieldError("filename")
    if not isinstance(value, str) or not 0 < len(value) <= file_item.MAX_FILENAME_CHARACTERS:
        rule = f"filename must have 1 to {file_item.MAX_FILENAME_CHARACTERS} characters."
        raise InvalidRequestError(rule, param="filename")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidRequestError("filename contains an unpaired surrogate.", param="filename")
    return value


def kept_s(expires_after: object, *, param: str = _FIELD) -> int:
    """How long a file is kept, in seconds, by OpenAI's `expires_after`; the default if it is None.

    Raises InvalidRequestError.
    """
    if expires_after is None:
        return file_item.DEFAULT_KEPT_S
    if not isinstance(expires_after, dict):
        raise InvalidRequestError(f"{param} must have an anchor and seconds.", param=param)
    for name in ("anchor", "seconds"):
        if expires_after.get(name) is None:
            raise MissingFieldError(f"{param}.{name}")
    if expires_after["anchor"] != _ANCHOR:
        raise InvalidRequestError(f"{param}.anchor must be '{_ANCHOR}'.", param=f"{param}.anchor")
    seconds, low, high = expires_after["seconds"], file_item.MIN_KEPT_S, file_item.MAX_KEPT_S
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not low <= seconds <= high:
        raise InvalidRequestError(
            f"{param}.seconds must be a whole number from {low} to {high}.", param=f"{param}.seconds"
        )
    return seconds


def kept_s_of_form(sent: Mapping[str, str] | None, fields: Collection[str]) -> int:
    """As `kept_s`, for the texts of the fields `expires_after[KEY]`, by key. `fields` are all names of the form.

    Raises InvalidRequestError, also if the form has `expires_after` in another way, which would be ignored.
    """
    other = [name for name in fields if name == _FIELD or name.startswith(f"{_FIELD}.")]
    if other:
        raise InvalidRequestError(
            f"Send {_FIELD} as two fields of the form: {_FIELD}[anchor] and {_FIELD}[seconds].", param=_FIELD
        )
    if sent is None:
        return file_item.DEFAULT_KEPT_S
    seconds = sent.get("seconds", "")
    is_number = _NUMBER.fullmatch(seconds) is not None
    return kept_s({**sent, "seconds": int(seconds)} if is_number else sent)
