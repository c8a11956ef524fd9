"""Writes the name that the caller sent into an answer, in place of the model that answered."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, AnyStr

# Longer names, which no model has, would fill the memory of the cache:
# https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html (modelId)
_LONGEST_CHARACTERS = 2048


def text_with_model(text: str, document: dict[str, Any], model: str) -> str | None:
    """`text`, the JSON of `document`, with `model`; None if the document, which is changed too, must be serialised again."""
    said, document["model"] = document.get("model"), model
    if not isinstance(said, str) or len(said) > _LONGEST_CHARACTERS:
        return None
    return _replaced(text, '"model"', _members(said, model))


def bytes_with_model(text: bytes, document: dict[str, Any], model: str) -> bytes | None:
    """The same for bytes."""
    said, document["model"] = document.get("model"), model
    if not isinstance(said, str) or len(said) > _LONGEST_CHARACTERS:
        return None
    return _replaced(text, b'"model"', _members_in_bytes(said, model))


def _replaced(text: AnyStr, key: AnyStr, members: Iterable[tuple[AnyStr, AnyStr]]) -> AnyStr | None:
    # A key's quotes are escaped inside a JSON string. A second one could be the key of another object.
    at = text.find(key)
    if at >= 0 and text.find(key, at + 1) < 0:
        for member, instead in members:
            if text.startswith(member, at):
                return text[:at] + instead + text[at + len(member) :]
    return None


@lru_cache(maxsize=64)
def _members(said: str, model: str) -> tuple[tuple[str, str], ...]:
    """The member as JSON writers put it, without and with a blank before the value, and what replaces it."""
    old, new = json.dumps(said), json.dumps(model)
    return tuple((f'"model":{blank}{old}', f'"model":{blank}{new}') for blank in ("", " "))


@lru_cache(maxsize=64)
def _members_in_bytes(said: str, model: str) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((member.encode(), instead.encode()) for member, instead in _members(said, model))
