"""Checks a request's `messages`, without I/O."""

from __future__ import annotations

from typing import Any

from local.bedrock_standin.refusals import validation_error

JsonObject = dict[str, Any]

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_IMAGE_SCHEMES = ("data:", "s3://")  # other schemes get 400, as recorded 2026-08-22


def check_messages(messages: object) -> None:
    """Raises RefusalError (400) unless `messages` is a non-empty list of well-formed messages."""
    if not isinstance(messages, list) or not messages:
        raise validation_error("'messages' must be a non-empty array.", "messages")
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        if not isinstance(message, dict):
            raise validation_error(f"'{where}' must be an object.", where)
        role = message.get("role")
        if not isinstance(role, str) or role not in _ROLES:
            raise validation_error(f"'{where}.role' is missing or unknown.", f"{where}.role")
        _check_content(message, f"{where}.content")


def _check_content(message: JsonObject, where: str) -> None:
    content = message.get("content")
    if isinstance(content, str) or (content is None and message["role"] == "assistant"):
        return
    if not isinstance(content, list) or not content:
        raise validation_error(f"'{where}' must be a string or a non-empty array of parts.", where)
    for index, part in enumerate(content):
        _check_part(part, f"{where}[{index}]")


def _check_part(part: object, where: str) -> None:
    if not isinstance(part, dict) or not isinstance(part.get("type"), str):
        raise validation_error(f"'{where}' must be an object with a type.", where)
    if part["type"] == "text" and not isinstance(part.get("text"), str):
        raise validation_error(f"'{where}.text' must be a string.", where)
    if part["type"] == "image_url" and not _is_image(part.get("image_url")):
        raise validation_error(f"'{where}.image_url.url' must be a data: or an s3:// URL.", where)


def _is_image(image: object) -> bool:
    url = image.get("url") if isinstance(image, dict) else None
    return isinstance(url, str) and url.startswith(_IMAGE_SCHEMES)
