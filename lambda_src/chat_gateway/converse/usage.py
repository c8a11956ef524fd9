"""Turns Converse's token counts into OpenAI's `usage`.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
"""

from __future__ import annotations

from typing import Any

_MOST_TOKENS = 2**53  # larger numbers are not exact in every JSON reader
# Claude's name, and OpenAI's.
_REASONING_TOKENS = ("thinking_tokens", "reasoning_tokens")
_OPENAI = "openai."


def of(counts: object, model_fields: object = None, *, holds_cached: bool = False) -> dict[str, Any] | None:
    """OpenAI's `usage` for Converse's `usage`; None if it does not count input and output.

    `model_fields`: the answer's `additionalModelResponseFields`, which may count the reasoning tokens. `holds_cached`: the
    input's tokens include those of the cache, which they usually do not.
    """
    if not isinstance(counts, dict):
        return None
    input_, output = _count(counts.get("inputTokens")), _count(counts.get("outputTokens"))
    if input_ is None or output is None:
        return None
    read, written = (_count(counts.get(f"cache{kind}InputTokens")) for kind in ("Read", "Write"))
    cached = (read or 0) + (written or 0)
    prompt = input_ if holds_cached and input_ >= cached else input_ + cached
    usage = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
    return usage | _details(read, written, _reasoning_tokens(model_fields))


def stream_holds_cached(model: str) -> bool:
    """Whether a stream of this model counts cached tokens as input too.

    Measured for openai.gpt-5.6, which counts correctly without a stream: https://github.com/maximhq/bifrost/pull/6942
    """
    id_ = model.rpartition("/")[2]
    return id_.startswith(_OPENAI) or id_.partition(".")[2].startswith(_OPENAI)


def _details(read: int | None, written: int | None, reasoning: int | None) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if read is not None or written is not None:
        details["prompt_tokens_details"] = {"cached_tokens": read or 0, "cache_write_tokens": written or 0}
    if reasoning is not None:
        details["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    return details


def _reasoning_tokens(model_fields: object) -> int | None:
    usage = model_fields.get("usage") if isinstance(model_fields, dict) else None
    details = usage.get("output_tokens_details") if isinstance(usage, dict) else None
    said = [_count(details.get(name)) for name in _REASONING_TOKENS] if isinstance(details, dict) else []
    return next((count for count in said if count is not None), None)


def _count(value: object) -> int | None:
    # bool is a kind of int.
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else None
