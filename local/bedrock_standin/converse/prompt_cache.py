"""Prompt caching: a prefix up to a cache point is written once, then read.

It has no minimum of tokens and never forgets. Bedrock ignores a cache point below the model's minimum.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from local.bedrock_standin.converse.chat_body import block_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.bedrock_standin.converse_requests.request import ConverseRequest


class CachedTokens(NamedTuple):
    """The tokens of a prompt that were read from the cache, and written to it."""

    read: int = 0
    written: int = 0


class _Prefix(NamedTuple):
    digest: str
    words: int


class PromptCache:
    """The prefixes that have been written."""

    def __init__(self) -> None:
        self._digests: set[str] = set()

    def use(self, request: ConverseRequest) -> CachedTokens:
        """Reads the longest known prefix of the request, and writes the others. Words count as tokens."""
        prefixes = list(_prefixes(request))
        read = max((prefix.words for prefix in prefixes if prefix.digest in self._digests), default=0)
        self._digests |= {prefix.digest for prefix in prefixes}
        return CachedTokens(read, max((prefix.words for prefix in prefixes), default=0) - read)


def _prefixes(request: ConverseRequest) -> Iterator[_Prefix]:
    """The prefix before each cache point."""
    digest, words = hashlib.sha256(request.model.id.encode()), 0
    for block in _blocks(request):
        if block.cache_point is not None:
            yield _Prefix(digest.hexdigest(), words)
            continue
        content = block.model_dump_json(exclude_none=True)
        digest.update(content.encode())
        text = block_text(block) if hasattr(block, "guard_content") else content
        words += len((text or "").split())


def _blocks(request: ConverseRequest) -> Iterator[Any]:
    """The tools, the system prompt and the messages, in the order of the prompt."""
    yield from request.body.tool_config.tools if request.body.tool_config else ()
    yield from request.body.system
    for message in request.body.messages:
        yield from message.content
