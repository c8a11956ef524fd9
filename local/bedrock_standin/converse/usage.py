"""Converse's `usage` from a generator's, without I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.bedrock_standin.converse.prompt_cache import CachedTokens
    from local.bedrock_standin.converse_requests.families import Family

JsonObject = dict[str, Any]

NO_USAGE: JsonObject = {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}


def usage_of(
    family: Family, generated: JsonObject, cached: CachedTokens, reasoning_tokens: int = 0
) -> JsonObject:
    """The usage. `inputTokens` excludes the cached tokens, and `totalTokens` includes them."""
    prompt = generated.get("prompt_tokens", 0)
    read = min(cached.read, prompt)
    written = min(cached.written, prompt - read)
    output = generated.get("completion_tokens", 0) + reasoning_tokens
    usage = {"inputTokens": prompt - read - written, "outputTokens": output, "totalTokens": prompt + output}
    if not family.cache_points:
        return usage
    return usage | {"cacheReadInputTokens": read, "cacheWriteInputTokens": written}
