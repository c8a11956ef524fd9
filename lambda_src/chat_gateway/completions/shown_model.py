"""Writes the name that the caller sent into an answer, in place of the model that answered."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, AnyStr


def replaced(document: dict[str, Any], model: str, text: AnyStr) -> AnyStr | None:
    """`text`, the JSON of `document`, with `model`; None if the document must be serialised again.

    Also changes the document.
    """
    said, document["model"] = document.get("model"), model
    if not isinstance(said, str):
        return None
    for member, instead in _members(said, model, type(text)):
        # The quotes around a key are escaped inside a JSON string, so that this is a member. It must be the only one.
        if text.count(member) == 1:
            return text.replace(member, instead)
    return None


@lru_cache(maxsize=64)
def _members(said: str, model: str, kind: type[AnyStr]) -> tuple[tuple[AnyStr, AnyStr], ...]:
    """The member as JSON writers put it, without and with a blank before the value, and what replaces it."""
    old, new = json.dumps(said), json.dumps(model)
    members = tuple((f'"model":{blank}{old}', f'"model":{blank}{new}') for blank in ("", " "))
    if kind is bytes:
        return tuple((member.encode(), instead.encode()) for member, instead in members)  # type: ignore[misc]
    return members
