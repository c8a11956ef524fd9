"""What a caller may say of a new batch: https://platform.openai.com/docs/api-reference/batch/create"""

from __future__ import annotations

from typing import Any, NamedTuple

from chat_gateway.core.errors import InvalidRequestError
from openai_resources import file_rules
from openai_resources.errors import MissingFieldError
from resource_items import batch_item

ENDPOINT = "/v1/chat/completions"
# https://platform.openai.com/docs/api-reference/batch/create (metadata)
_MAX_PAIRS, _MAX_KEY_CHARACTERS, _MAX_VALUE_CHARACTERS = 16, 64, 512


class WantedBatch(NamedTuple):
    """The batch that a caller asks for."""

    input_file_id: str
    metadata: dict[str, str] | None
    output_kept_s: int | None


def wanted(document: dict[str, Any]) -> WantedBatch:
    """The batch that the request's document asks for. Raises InvalidRequestError."""
    input_file_id = _text(document, "input_file_id")
    endpoint, window = _text(document, "endpoint"), _text(document, "completion_window")
    if endpoint != ENDPOINT:
        rule = f"This gateway has batches for one endpoint only: '{ENDPOINT}'."
        raise InvalidRequestError(rule, param="endpoint", code="invalid_value")
    if window != batch_item.COMPLETION_WINDOW:
        rule = f"completion_window must be '{batch_item.COMPLETION_WINDOW}'."
        raise InvalidRequestError(rule, param="completion_window", code="invalid_value")
    return WantedBatch(
        input_file_id, _metadata(document.get("metadata")), _kept_s(document.get("output_expires_after"))
    )


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if value is None:
        raise MissingFieldError(name)
    if not isinstance(value, str):
        raise InvalidRequestError(f"{name} must be a string.", param=name, code="invalid_type")
    return value


def _kept_s(expires_after: object) -> int | None:
    if expires_after is None:
        return None
    return file_rules.kept_s(expires_after, param="output_expires_after")


def _metadata(metadata: object) -> dict[str, str] | None:
    if metadata is None:
        return None
    if not isinstance(metadata, dict):
        raise InvalidRequestError("metadata must be an object.", param="metadata", code="invalid_type")
    if len(metadata) > _MAX_PAIRS:
        rule = f"metadata has at most {_MAX_PAIRS} pairs."
        raise InvalidRequestError(rule, param="metadata", code="object_above_max_properties")
    for key, value in metadata.items():
        _check_pair(key, value)
    return metadata


def _check_pair(key: str, value: object) -> None:
    """The messages do not repeat the caller's words."""
    if not isinstance(value, str):
        raise InvalidRequestError(
            "A value of metadata must be a string.", param="metadata", code="invalid_type"
        )
    if len(key) > _MAX_KEY_CHARACTERS or len(value) > _MAX_VALUE_CHARACTERS:
        raise InvalidRequestError(
            f"A key of metadata has at most {_MAX_KEY_CHARACTERS} characters, "
            f"a value at most {_MAX_VALUE_CHARACTERS}.",
            param="metadata",
            code="string_above_max_length",
        )
    if any("\ud800" <= character <= "\udfff" for character in key + value):
        raise InvalidRequestError("metadata contains an unpaired surrogate.", param="metadata")
