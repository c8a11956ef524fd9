"""Converse's token counts become OpenAI's, where cached tokens are part of the prompt."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CompletionUsage

from chat_gateway.converse import usage
from client_usage.usage import Usage, usage_of


def counts(**other: Any) -> dict[str, Any]:
    return {"inputTokens": 38, "outputTokens": 2, **other}


def test_cached_tokens_are_added_once() -> None:
    """A recorded answer: 38 tokens of input, 4,332 written to the cache, and 4,370 in all."""
    made = usage.of(counts(outputTokens=0, totalTokens=4370, cacheWriteInputTokens=4332))
    assert made is not None
    assert (made["prompt_tokens"], made["total_tokens"]) == (4370, 4370)
    assert made["prompt_tokens_details"] == {"cached_tokens": 0, "cache_write_tokens": 4332}


def test_our_own_reader_finds_every_count() -> None:
    """What a client is charged for is what Bedrock counted."""
    extra = {"usage": {"output_tokens_details": {"thinking_tokens": 1}}}
    made = usage.of(counts(cacheReadInputTokens=100, cacheWriteInputTokens=10), extra)
    assert usage_of(made) == Usage(148, 2, cached_tokens=100, cache_write_tokens=10, reasoning_tokens=1)


@pytest.mark.parametrize("absent", [{}, {"cacheReadInputTokens": None, "cacheWriteInputTokens": None}])
def test_details_are_given_only_where_known(absent: dict[str, Any]) -> None:
    """Without counts of the cache and of the reasoning, there are no details."""
    expected = {"prompt_tokens": 38, "completion_tokens": 2, "total_tokens": 40}
    assert usage.of(counts(**absent), {"usage": {}}) == expected


@pytest.mark.parametrize(
    "said", [None, [], {}, {"inputTokens": 1}, counts(outputTokens=-1), counts(inputTokens=True)]
)
def test_what_does_not_count_is_no_usage(said: object) -> None:
    """Without a usable count of input and output, the usage is unknown and not guessed."""
    assert usage.of(said) is None


@pytest.mark.parametrize(
    ("model", "prompt"),
    [
        ("openai.gpt-5.6", 4995),
        ("us.openai.gpt-5.6", 4995),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.openai.gpt-5.6", 4995),
        ("anthropic.claude-sonnet-4-5", 9988),
    ],
)
def test_streams_that_count_the_cache_twice(model: str, prompt: int) -> None:
    """A stream of OpenAI's models has the cached tokens in the input already, as recorded."""
    said = {"inputTokens": 4995, "outputTokens": 19, "cacheWriteInputTokens": 4993}
    made = usage.of(said, holds_cached=usage.stream_holds_cached(model))
    assert made is not None
    assert made["prompt_tokens"] == prompt


def test_a_count_below_the_cache_holds_no_cache() -> None:
    """An input smaller than the cached tokens cannot hold them."""
    made = usage.of(counts(cacheReadInputTokens=100), holds_cached=True)
    assert made is not None
    assert made["prompt_tokens"] == 138


NUMBERS = st.none() | st.integers() | st.floats() | st.text(max_size=2) | st.booleans()
NAMES = st.sampled_from(["inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"])


@given(st.dictionaries(NAMES, NUMBERS), NUMBERS, st.booleans())
def test_any_counts_are_a_valid_usage_or_none(said: dict[str, Any], thinking: object, holds: bool) -> None:
    """OpenAI's type accepts every usage, and no detail is larger than its whole."""
    made = usage.of(
        said, {"usage": {"output_tokens_details": {"thinking_tokens": thinking}}}, holds_cached=holds
    )
    if made is None:
        return
    CompletionUsage.model_validate(made, strict=True)
    assert made["total_tokens"] == made["prompt_tokens"] + made["completion_tokens"]
    assert sum(made.get("prompt_tokens_details", {}).values()) <= made["prompt_tokens"]
