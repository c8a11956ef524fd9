"""The texts of a request that are inside a guardrail's input tags."""

from __future__ import annotations

import re
from typing import Any

OPEN, CLOSE = "<amazon-bedrock-guardrails-guardContent_s1>", "</amazon-bedrock-guardrails-guardContent_s1>"
PAIR = re.compile(f"{OPEN}(.*?){CLOSE}", re.DOTALL)


def texts_in_tags(document: dict[str, Any] | None) -> list[str]:
    assert document is not None
    return PAIR.findall("".join(texts(document)))


def texts(document: dict[str, Any]) -> list[str]:
    """The text of every message."""
    found = []
    for message in document["messages"]:
        content = message.get("content")
        parts = content if isinstance(content, list) else [{"text": content}]
        found += [str(part.get("text", "")) for part in parts if isinstance(part, dict)]
    return found
