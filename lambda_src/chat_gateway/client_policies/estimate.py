"""Estimates what a request may use, before it is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from chat_gateway.core.errors import InvalidRequestError

# English has about 4 bytes a token, and most other scripts more: https://help.openai.com/en/articles/4936856
BYTES_PER_TOKEN = 4
# An image, a sound or a file in base64 says little about its tokens by its size. Large images have about as many as this.
MEDIUM_TOKENS = 2_000
_MEDIUM = re.compile(r"[A-Za-z0-9+/=]{2000,}")
# Where a message has them. The same characters in a text are tokens.
# https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages
_MEDIA = (("image_url", "url"), ("input_audio", "data"), ("file", "file_data"))
# https://platform.openai.com/docs/api-reference/chat/create#chat-create-n
_MAX_CHOICES = 128
# Of a client without an output limit, whose callers may ask for any number. DynamoDB takes 38 digits, also of a cost.
_MOST_TOKENS = 10**9
_CAPS = ("max_completion_tokens", "max_tokens")


class Estimate(NamedTuple):
    """The prompt's size, and the most that the answer may have."""

    prompt_tokens: int
    completion_tokens: int
    prompt_characters: int

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.prompt_tokens + self.completion_tokens


def of(document: Mapping[str, Any], content: bytes) -> Estimate:
    """The estimate for a request: its `document`, and the `content` that is sent."""
    media = list(_media_sizes(document))
    characters = len(content) - sum(media)
    return Estimate(
        prompt_tokens=-(-characters // BYTES_PER_TOKEN) + MEDIUM_TOKENS * len(media),
        completion_tokens=_output_cap(document) * _choices(document),
        prompt_characters=characters,
    )


def _media_sizes(document: Mapping[str, Any]) -> Iterator[int]:
    """The characters of each medium in base64, in the places where Bedrock reads one."""
    for part in _parts(document):
        for kind, name in _MEDIA:
            holder = part.get(kind)
            text = holder.get(name) if isinstance(holder, dict) else None
            # A data URL has its base64 behind a comma.
            base64 = text.rpartition(",")[2] if isinstance(text, str) else ""
            if _MEDIUM.fullmatch(base64):
                yield len(base64)


def _parts(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The parts of all messages' contents."""
    for message in document.get("messages") or ():
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, list):
            yield from (part for part in content if isinstance(part, dict))


def _output_cap(document: Mapping[str, Any]) -> int:
    """The larger of the two limits; 0 if there is none. The policy's own limit has been checked and added before."""
    caps = [document.get(name) for name in _CAPS]
    return max(0, *(min(cap, _MOST_TOKENS) if type(cap) is int else 0 for cap in caps))


def check_choices(document: Mapping[str, Any]) -> None:
    """Raises InvalidRequestError for a number of choices that is none: what the answer may use is not known."""
    if not _is_number_of_choices(document.get("n")):
        raise InvalidRequestError(
            f"'n' must be a whole number from 1 to {_MAX_CHOICES}.", param="n", code="invalid_type"
        )


def _choices(document: Mapping[str, Any]) -> int:
    n = document.get("n")
    return n if n is not None and _is_number_of_choices(n) else 1


def _is_number_of_choices(n: object) -> bool:
    return n is None or (type(n) is int and 1 <= n <= _MAX_CHOICES)
