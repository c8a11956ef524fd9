"""How many tokens a model reads and writes in one request, where it is known.

Read on 2026-11-27. AWS writes 128K and means at least 128,000.
"""

from __future__ import annotations

from chat_gateway.completions.routes import foundation_model

# By the start of the model's id.
_LENGTHS = {
    # https://docs.aws.amazon.com/bedrock/latest/userguide/model-cards-amazon.html
    "amazon.nova-lite": 300_000,
    "amazon.nova-micro": 128_000,
    "amazon.nova-premier": 1_000_000,
    "amazon.nova-pro": 300_000,
    # https://docs.aws.amazon.com/bedrock/latest/userguide/model-cards-anthropic.html, without the beta of 1M
    "anthropic.claude-3": 200_000,
    "anthropic.claude-haiku-4-5": 200_000,
    "anthropic.claude-opus-4-1": 200_000,
    "anthropic.claude-opus-4-2": 200_000,  # 4 itself, by its date
    "anthropic.claude-opus-4-5": 200_000,
    "anthropic.claude-sonnet-4-2": 200_000,
    "anthropic.claude-sonnet-4-5": 200_000,
    # https://docs.aws.amazon.com/bedrock/latest/userguide/model-cards-meta.html
    "meta.llama3-1": 128_000,
    "meta.llama3-2": 128_000,
    "meta.llama3-3": 128_000,
    "meta.llama4-maverick": 1_000_000,
    # https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html
    "openai.gpt-oss-120b": 128_000,
    "openai.gpt-oss-20b": 128_000,
    # https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json, which agrees on those above
    "ai21.jamba-1-5": 256_000,
    "amazon.nova-2-lite": 1_000_000,
    "anthropic.claude-fable-5": 1_000_000,
    "anthropic.claude-haiku-5": 1_000_000,
    "anthropic.claude-mythos": 1_000_000,
    "anthropic.claude-opus-4-6": 1_000_000,
    "anthropic.claude-opus-4-7": 1_000_000,
    "anthropic.claude-opus-4-8": 1_000_000,
    "anthropic.claude-opus-5": 1_000_000,
    "anthropic.claude-sonnet-4-6": 1_000_000,
    "anthropic.claude-sonnet-5": 1_000_000,
    "deepseek.r1": 128_000,
    "deepseek.v3-v1": 128_000,
    "google.gemma-3": 128_000,
    "mistral.magistral-small": 128_000,
    "mistral.ministral-3": 128_000,
    "mistral.mistral-large-2407": 128_000,
    "mistral.mistral-large-3": 256_000,
    "mistral.pixtral-large": 128_000,
    "qwen.qwen3-235b-a22b-2507": 262_144,
    "qwen.qwen3-32b": 32_768,
    "qwen.qwen3-coder-30b": 262_144,
    "qwen.qwen3-coder-480b": 262_144,
    "qwen.qwen3-next-80b": 256_000,
    "writer.palmyra-x4": 128_000,
    "writer.palmyra-x5": 128_000,
}


def of(model: str) -> int | None:
    """The context length of a model by its id or ARN, in tokens; None if it is not known."""
    id_ = foundation_model(model)
    return next((tokens for start, tokens in _LENGTHS.items() if id_.startswith(start)), None)


def of_all(models: tuple[str, ...]) -> int | None:
    """The smallest context length of several models; None if one is not known."""
    lengths = [of(model) for model in models]
    known = [tokens for tokens in lengths if tokens is not None]
    return min(known) if known and len(known) == len(lengths) else None
