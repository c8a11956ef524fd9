"""Writes the name that the caller sent into an answer, in place of the model that answered."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, AnyStr


def text_with_model(text: str, document: dict[str, Any], model: str) -> str | None:
    """`text`, the JSON of `document`, with `model`; None if the document, which is changed too, must be serialised again."""
    said, document["model"] = document.get("model"), model
    return _replaced(text, _members(said, model)) if isinstance(said, str) else None


def bytes_with_model(text: bytes, document: dict[str, Any], model: str) -> bytes | None:
    """The same for bytes."""
    said, document["model"] = document.get("model"), model
    return _replaced(text, _members_in_bytes(said, model)) if isinstance(said, str) else None


def _replaced(text: AnyStr, members: Iterable[tuple[AnyStr, AnyStr]]) -> AnyStr | None:
    for member, instead in members:
        # The quotes around a key are escaped inside a JSON string, so that this is a member. It must be the only one.
        if text.count(member) == 1:
            return text.replace(member, instead)
    return None


@lru_cache(maxsize=64)
def _members(said: str, model: str) -> tuple[tuple[str, str], ...]:
    """The member as JSON writers put it, without and with a blank before the value, and what replaces it."""
    old, new = json.dumps(said), json.dumps(model)
    return tuple((f'"model":{blank}{old}', f'"model":{blank}{new}') for blank in ("", " "))


@lru_cache(maxsize=64)
def _members_in_bytes(said: str, model: str) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((member.encode(), instead.encode()) for member, instead in _members(said, model))
