"""What models, service tiers and guardrails cost on Bedrock: list prices of us-east-1, each with its source and date."""

from __future__ import annotations

from typing import NamedTuple

# US dollars for a million tokens, as decimal text: input, output, cached input, cache write. None: no price of its own.
Row = tuple[str, str, str | None, str | None]


class Source(NamedTuple):
    """Where prices were read, and when."""

    name: str
    read_on: str  # YYYY-MM-DD


class Block(NamedTuple):
    """Prices of one source, by the model's id as Bedrock takes it."""

    source: Source
    rows: dict[str, Row]


class LongPrompt(NamedTuple):
    """What a request costs if its prompt is long, in percent of a short prompt's price."""

    above_tokens: int
    input_percent: int
    output_percent: int


# LiteLLM's map names AWS's price list and model pages as its own sources.
LITELLM = Source(
    "LiteLLM 1.110.2 (released 2026-11-20), model_prices_and_context_window_backup.json", "2026-11-27"
)

# An id with a geography (`us.`, `global.`) stands here only if its price is not that of the id without one.
_BY_LITELLM: dict[str, Row] = {
    "ai21.jamba-1-5-large-v1:0": ("2", "8", None, None),
    "ai21.jamba-1-5-mini-v1:0": ("0.2", "0.4", None, None),
    "ai21.jamba-instruct-v1:0": ("0.5", "0.7", None, None),
    "amazon.nova-2-lite-v1:0": ("0.3", "2.5", "0.075", None),
    "apac.amazon.nova-2-lite-v1:0": ("0.396", "3.311", "0.099", None),
    "eu.amazon.nova-2-lite-v1:0": ("0.429", "3.597", "0.10725", None),
    "jp.amazon.nova-2-lite-v1:0": ("0.396", "3.311", "0.099", None),
    "us.amazon.nova-2-lite-v1:0": ("0.33", "2.75", "0.0825", None),
    "amazon.nova-2-pro-preview-20251202-v1:0": ("1.25", "10", "0.3125", None),
    "apac.amazon.nova-2-pro-preview-20251202-v1:0": ("1.375", "11", "0.34375", None),
    "eu.amazon.nova-2-pro-preview-20251202-v1:0": ("1.375", "11", "0.34375", None),
    "us.amazon.nova-2-pro-preview-20251202-v1:0": ("1.375", "11", "0.34375", None),
    "amazon.nova-lite-v1:0": ("0.06", "0.24", "0.015", None),
    "apac.amazon.nova-lite-v1:0": ("0.063", "0.252", "0.01575", None),
    "eu.amazon.nova-lite-v1:0": ("0.078", "0.312", "0.0195", None),
    "amazon.nova-micro-v1:0": ("0.035", "0.14", "0.00875", None),
    "apac.amazon.nova-micro-v1:0": ("0.037", "0.148", "0.00925", None),
    "eu.amazon.nova-micro-v1:0": ("0.046", "0.184", "0.0115", None),
    "amazon.nova-premier-v1:0": ("2.5", "12.5", "0.625", None),
    "amazon.nova-pro-v1:0": ("0.8", "3.2", "0.2", None),
    "apac.amazon.nova-pro-v1:0": ("0.84", "3.36", "0.21", None),
    "eu.amazon.nova-pro-v1:0": ("1.05", "4.2", "0.2625", None),
    "amazon.titan-text-express-v1": ("0.2", "0.6", None, None),
    "amazon.titan-text-lite-v1": ("0.15", "0.2", None, None),
    "amazon.titan-text-premier-v1:0": ("0.5", "1.5", None, None),
    "anthropic.claude-3-5-haiku-20241022-v1:0": ("0.8", "4", "0.08", "1"),
    "anthropic.claude-3-5-sonnet-20240620-v1:0": ("3", "15", "0.3", "3.75"),
    "anthropic.claude-3-5-sonnet-20241022-v2:0": ("3", "15", "0.3", "3.75"),
    "anthropic.claude-3-7-sonnet-20240620-v1:0": ("3.6", "18", "0.36", "4.5"),
    "anthropic.claude-3-7-sonnet-20250219-v1:0": ("3", "15", "0.3", "3.75"),
    "anthropic.claude-3-opus-20240229-v1:0": ("15", "75", "1.5", "18.75"),
    "anthropic.claude-fable-5": ("10", "50", "1", "12.5"),
    "apac.anthropic.claude-fable-5": ("11", "55", "1.1", "13.75"),
    "au.anthropic.claude-fable-5": ("11", "55", "1.1", "13.75"),
    "eu.anthropic.claude-fable-5": ("11", "55", "1.1", "13.75"),
    "us.anthropic.claude-fable-5": ("11", "55", "1.1", "13.75"),
    "anthropic.claude-fable-5-1": ("10", "50", "0.25", "12.5"),
    "eu.anthropic.claude-fable-5-1": ("11", "55", "0.275", "13.75"),
    "us.anthropic.claude-fable-5-1": ("11", "55", "0.275", "13.75"),
    "us-gov.anthropic.claude-fable-5-1": ("12", "60", "0.3", "15"),
    "anthropic.claude-haiku-4-5-20251001-v1:0": ("1", "5", "0.1", "1.25"),
    "apac.anthropic.claude-haiku-4-5-20251001-v1:0": ("1.1", "5.5", "0.11", "1.375"),
    "au.anthropic.claude-haiku-4-5-20251001-v1:0": ("1.1", "5.5", "0.11", "1.375"),
    "eu.anthropic.claude-haiku-4-5-20251001-v1:0": ("1.1", "5.5", "0.11", "1.375"),
    "jp.anthropic.claude-haiku-4-5-20251001-v1:0": ("1.1", "5.5", "0.11", "1.375"),
    "us.anthropic.claude-haiku-4-5-20251001-v1:0": ("1.1", "5.5", "0.11", "1.375"),
    "anthropic.claude-haiku-5-5": ("0.1", "0.5", "0.01", "0.125"),
    "apac.anthropic.claude-haiku-5-5": ("0.11", "0.55", "0.011", "0.1375"),
    "au.anthropic.claude-haiku-5-5": ("0.11", "0.55", "0.011", "0.1375"),
    "eu.anthropic.claude-haiku-5-5": ("0.11", "0.55", "0.011", "0.1375"),
    "jp.anthropic.claude-haiku-5-5": ("0.11", "0.55", "0.011", "0.1375"),
    "us.anthropic.claude-haiku-5-5": ("0.11", "0.55", "0.011", "0.1375"),
    "us-gov.anthropic.claude-haiku-5-5": ("0.12", "0.6", "0.012", "0.15"),
    "us.anthropic.claude-mythos-5": ("11", "55", "1.1", "13.75"),
    "anthropic.claude-mythos-5-1": ("10", "50", "0.25", "12.5"),
    "us.anthropic.claude-mythos-5-1": ("11", "55", "0.275", "13.75"),
    "anthropic.claude-mythos-preview": ("27.5", "137.5", "2.75", "34.375"),
    "anthropic.claude-opus-4-1-20250805-v1:0": ("15", "75", "1.5", "18.75"),
    "anthropic.claude-opus-4-20250514-v1:0": ("15", "75", "1.5", "18.75"),
    "anthropic.claude-opus-4-5-20251101-v1:0": ("5", "25", "0.5", "6.25"),
    "eu.anthropic.claude-opus-4-5-20251101-v1:0": ("5.5", "27.5", "0.55", "6.875"),
    "us.anthropic.claude-opus-4-5-20251101-v1:0": ("5.5", "27.5", "0.55", "6.875"),
    "anthropic.claude-opus-4-6-v1": ("5", "25", "0.5", "6.25"),
    "au.anthropic.claude-opus-4-6-v1": ("5.5", "27.5", "0.55", "6.875"),
    "eu.anthropic.claude-opus-4-6-v1": ("5.5", "27.5", "0.55", "6.875"),
    "us.anthropic.claude-opus-4-6-v1": ("5.5", "27.5", "0.55", "6.875"),
    "anthropic.claude-opus-4-7": ("5", "25", "0.5", "6.25"),
    "apac.anthropic.claude-opus-4-7": ("5.5", "27.5", "0.55", "6.875"),
    "au.anthropic.claude-opus-4-7": ("5.5", "27.5", "0.55", "6.875"),
    "eu.anthropic.claude-opus-4-7": ("5.5", "27.5", "0.55", "6.875"),
    "jp.anthropic.claude-opus-4-7": ("5.5", "27.5", "0.55", "6.875"),
    "us.anthropic.claude-opus-4-7": ("5.5", "27.5", "0.55", "6.875"),
    "anthropic.claude-opus-4-8": ("5", "25", "0.5", "6.25"),
    "apac.anthropic.claude-opus-4-8": ("5.5", "27.5", "0.55", "6.875"),
    "au.anthropic.claude-opus-4-8": ("5.5", "27.5", "0.55", "6.875"),
    "eu.anthropic.claude-opus-4-8": ("5.5", "27.5", "0.55", "6.875"),
    "jp.anthropic.claude-opus-4-8": ("5.5", "27.5", "0.55", "6.875"),
    "us.anthropic.claude-opus-4-8": ("5.5", "27.5", "0.55", "6.875"),
    "us-gov.anthropic.claude-opus-4-8": ("6", "30", "0.6", "7.5"),
    "anthropic.claude-opus-5": ("5", "25", "0.5", "6.25"),
    "apac.anthropic.claude-opus-5": ("5.5", "27.5", "0.55", "6.875"),
    "au.anthropic.claude-opus-5": ("5.5", "27.5", "0.55", "6.875"),
    "eu.anthropic.claude-opus-5": ("5.5", "27.5", "0.55", "6.875"),
    "jp.anthropic.claude-opus-5": ("5.5", "27.5", "0.55", "6.875"),
    "us.anthropic.claude-opus-5": ("5.5", "27.5", "0.55", "6.875"),
    "us-gov.anthropic.claude-opus-5": ("6", "30", "0.6", "7.5"),
    "anthropic.claude-opus-5-5": ("4", "20", "0.2", "5"),
    "apac.anthropic.claude-opus-5-5": ("4.4", "22", "0.22", "5.5"),
    "au.anthropic.claude-opus-5-5": ("4.4", "22", "0.22", "5.5"),
    "eu.anthropic.claude-opus-5-5": ("4.4", "22", "0.22", "5.5"),
    "jp.anthropic.claude-opus-5-5": ("4.4", "22", "0.22", "5.5"),
    "us.anthropic.claude-opus-5-5": ("4.4", "22", "0.22", "5.5"),
    "us-gov.anthropic.claude-opus-5-5": ("4.8", "24", "0.24", "6"),
    "anthropic.claude-sonnet-4-20250514-v1:0": ("3", "15", "0.3", "3.75"),
    "anthropic.claude-sonnet-4-5-20250929-v1:0": ("3", "15", "0.3", "3.75"),
    "au.anthropic.claude-sonnet-4-5-20250929-v1:0": ("3.3", "16.5", "0.33", "4.125"),
    "eu.anthropic.claude-sonnet-4-5-20250929-v1:0": ("3.3", "16.5", "0.33", "4.125"),
    "jp.anthropic.claude-sonnet-4-5-20250929-v1:0": ("3.3", "16.5", "0.33", "4.125"),
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0": ("3.3", "16.5", "0.33", "4.125"),
    "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0": ("3.6", "18", "0.36", "4.5"),
    "anthropic.claude-sonnet-4-6": ("3", "15", "0.3", "3.75"),
    "apac.anthropic.claude-sonnet-4-6": ("3.3", "16.5", "0.33", "4.125"),
    "au.anthropic.claude-sonnet-4-6": ("3.3", "16.5", "0.33", "4.125"),
    "eu.anthropic.claude-sonnet-4-6": ("3.3", "16.5", "0.33", "4.125"),
    "jp.anthropic.claude-sonnet-4-6": ("3.3", "16.5", "0.33", "4.125"),
    "us.anthropic.claude-sonnet-4-6": ("3.3", "16.5", "0.33", "4.125"),
    "anthropic.claude-sonnet-5": ("2", "10", "0.2", "2.5"),
    "apac.anthropic.claude-sonnet-5": ("2.2", "11", "0.22", "2.75"),
    "au.anthropic.claude-sonnet-5": ("2.2", "11", "0.22", "2.75"),
    "eu.anthropic.claude-sonnet-5": ("2.2", "11", "0.22", "2.75"),
    "jp.anthropic.claude-sonnet-5": ("2.2", "11", "0.22", "2.75"),
    "us.anthropic.claude-sonnet-5": ("2.2", "11", "0.22", "2.75"),
    "us-gov.anthropic.claude-sonnet-5": ("2.4", "12", "0.24", "3"),
    "anthropic.claude-sonnet-5-5": ("2", "10", "0.1", "2.5"),
    "apac.anthropic.claude-sonnet-5-5": ("2.2", "11", "0.11", "2.75"),
    "au.anthropic.claude-sonnet-5-5": ("2.2", "11", "0.11", "2.75"),
    "eu.anthropic.claude-sonnet-5-5": ("2.2", "11", "0.11", "2.75"),
    "jp.anthropic.claude-sonnet-5-5": ("2.2", "11", "0.11", "2.75"),
    "us.anthropic.claude-sonnet-5-5": ("2.2", "11", "0.11", "2.75"),
    "us-gov.anthropic.claude-sonnet-5-5": ("2.4", "12", "0.12", "3"),
    "cohere.command-light-text-v14": ("0.3", "0.6", None, None),
    "cohere.command-text-v14": ("1", "2", None, None),
    "deepseek.r1-v1:0": ("1.35", "5.4", None, None),
    "deepseek.v3-v1:0": ("0.58", "1.68", None, None),
    "deepseek.v3.2": ("0.62", "1.85", None, None),
    "eu.deepseek.v3.2": ("0.74", "2.22", None, None),
    "google.gemma-3-12b-it": ("0.09", "0.29", None, None),
    "google.gemma-3-27b-it": ("0.23", "0.38", None, None),
    "google.gemma-3-4b-it": ("0.04", "0.08", None, None),
    "meta.llama3-1-405b-instruct-v1:0": ("2.4", "2.4", None, None),
    "meta.llama3-1-70b-instruct-v1:0": ("0.72", "0.72", None, None),
    "meta.llama3-1-8b-instruct-v1:0": ("0.22", "0.22", None, None),
    "meta.llama3-2-11b-instruct-v1:0": ("0.16", "0.16", None, None),
    "meta.llama3-2-1b-instruct-v1:0": ("0.1", "0.1", None, None),
    "eu.meta.llama3-2-1b-instruct-v1:0": ("0.13", "0.13", None, None),
    "meta.llama3-2-3b-instruct-v1:0": ("0.15", "0.15", None, None),
    "eu.meta.llama3-2-3b-instruct-v1:0": ("0.19", "0.19", None, None),
    "meta.llama3-2-90b-instruct-v1:0": ("0.72", "0.72", None, None),
    "meta.llama3-3-70b-instruct-v1:0": ("0.72", "0.72", None, None),
    "meta.llama3-70b-instruct-v1:0": ("2.65", "3.5", None, None),
    "meta.llama3-8b-instruct-v1:0": ("0.3", "0.6", None, None),
    "meta.llama4-maverick-17b-instruct-v1:0": ("0.24", "0.97", None, None),
    "meta.llama4-scout-17b-instruct-v1:0": ("0.17", "0.66", None, None),
    "minimax.minimax-m2": ("0.3", "1.2", None, None),
    "minimax.minimax-m2.1": ("0.3", "1.2", None, None),
    "minimax.minimax-m2.5": ("0.3", "1.2", None, None),
    "mistral.devstral-2-123b": ("0.4", "2", None, None),
    "mistral.magistral-small-2509": ("0.5", "1.5", None, None),
    "mistral.ministral-3-14b-instruct": ("0.2", "0.2", None, None),
    "mistral.ministral-3-3b-instruct": ("0.1", "0.1", None, None),
    "mistral.ministral-3-8b-instruct": ("0.15", "0.15", None, None),
    "mistral.mistral-7b-instruct-v0:2": ("0.15", "0.2", None, None),
    "mistral.mistral-large-2402-v1:0": ("4", "12", None, None),
    "mistral.mistral-large-2407-v1:0": ("2", "6", None, None),
    "mistral.mistral-large-3-675b-instruct": ("0.5", "1.5", None, None),
    "mistral.mistral-small-2402-v1:0": ("1", "3", None, None),
    "mistral.mixtral-8x7b-instruct-v0:1": ("0.45", "0.7", None, None),
    "mistral.pixtral-large-2502-v1:0": ("2", "6", None, None),
    "mistral.voxtral-mini-3b-2507": ("0.04", "0.04", None, None),
    "mistral.voxtral-small-24b-2507": ("0.1", "0.3", None, None),
    "moonshot.kimi-k2-thinking": ("0.6", "2.5", None, None),
    "moonshotai.kimi-k2-thinking": ("0.6", "2.5", None, None),
    "moonshotai.kimi-k2.5": ("0.6", "3", None, None),
    "moonshotai.kimi-k3": ("3.3", "16.5", "0.33", "4.125"),
    "global.moonshotai.kimi-k3": ("3", "15", "0.3", "3.75"),
    "moonshotai.kimi-k3.1": ("4.4", "22", "0.22", "5.5"),
    "global.moonshotai.kimi-k3.1": ("4", "20", "0.2", "5"),
    "nvidia.nemotron-nano-12b-v2": ("0.2", "0.6", None, None),
    "us-gov.nvidia.nemotron-nano-12b-v2": ("0.24", "0.72", None, None),
    "nvidia.nemotron-nano-3-30b": ("0.06", "0.24", None, None),
    "us-gov.nvidia.nemotron-nano-3-30b": ("0.072", "0.288", None, None),
    "nvidia.nemotron-nano-9b-v2": ("0.06", "0.23", None, None),
    "us-gov.nvidia.nemotron-nano-9b-v2": ("0.072", "0.276", None, None),
    "nvidia.nemotron-super-3-120b": ("0.15", "0.65", None, None),
    "us-gov.nvidia.nemotron-super-3-120b": ("0.18", "0.78", None, None),
    "global.openai.gpt-5.4": ("2.5", "15", "0.25", None),
    "us.openai.gpt-5.4": ("2.75", "16.5", "0.275", None),
    "global.openai.gpt-5.5": ("5", "30", "0.5", None),
    "us.openai.gpt-5.5": ("5.5", "33", "0.55", None),
    "global.openai.gpt-5.6-luna": ("0.2", "1.2", "0.02", "0.25"),
    "us.openai.gpt-5.6-luna": ("0.22", "1.32", "0.022", "0.275"),
    "global.openai.gpt-5.6-sol": ("4", "20", "0.4", "5"),
    "us.openai.gpt-5.6-sol": ("4.4", "22", "0.44", "5.5"),
    "global.openai.gpt-5.6-terra": ("2", "12", "0.2", "2.5"),
    "us.openai.gpt-5.6-terra": ("2.2", "13.2", "0.22", "2.75"),
    "global.openai.gpt-6-astra": ("10", "50", "1", "12.5"),
    "us.openai.gpt-6-astra": ("11", "55", "1.1", "13.75"),
    "openai.gpt-6-luna": ("0.1", "0.5", "0.01", "0.125"),
    "us.openai.gpt-6-luna": ("0.11", "0.55", "0.011", "0.1375"),
    "openai.gpt-6-sol": ("2", "10", "0.2", "2.5"),
    "us.openai.gpt-6-sol": ("2.2", "11", "0.22", "2.75"),
    "global.openai.gpt-6.1-sol": ("2", "10", "0.1", "2.5"),
    "us.openai.gpt-6.1-sol": ("2.2", "11", "0.11", "2.75"),
    "global.openai.gpt-6.1-terra": ("1", "5", "0.05", "1.25"),
    "us.openai.gpt-6.1-terra": ("1.1", "5.5", "0.055", "1.375"),
    "openai.gpt-oss-120b-1:0": ("0.15", "0.6", None, None),
    "us-gov.openai.gpt-oss-120b-1:0": ("0.18", "0.72", None, None),
    "openai.gpt-oss-20b-1:0": ("0.07", "0.3", None, None),
    "us-gov.openai.gpt-oss-20b-1:0": ("0.084", "0.36", None, None),
    "openai.gpt-oss-safeguard-120b": ("0.15", "0.6", None, None),
    "openai.gpt-oss-safeguard-20b": ("0.07", "0.2", None, None),
    "qwen.qwen3-235b-a22b-2507-v1:0": ("0.22", "0.88", None, None),
    "qwen.qwen3-32b-v1:0": ("0.15", "0.6", None, None),
    "qwen.qwen3-coder-30b-a3b-v1:0": ("0.15", "0.6", None, None),
    "qwen.qwen3-coder-480b-a35b-v1:0": ("0.45", "1.8", None, None),
    "qwen.qwen3-coder-next": ("0.5", "1.2", None, None),
    "qwen.qwen3-next-80b-a3b": ("0.15", "1.2", None, None),
    "qwen.qwen3-vl-235b-a22b": ("0.53", "2.66", None, None),
    "writer.palmyra-vision-7b": ("0.15", "0.6", None, None),
    "writer.palmyra-x4-v1:0": ("2.5", "10", None, None),
    "writer.palmyra-x5-v1:0": ("0.6", "6", None, None),
    "global.xai.grok-4.6": ("2", "6", "0.5", None),
    "us.xai.grok-4.6": ("2.2", "6.6", "0.55", None),
    "us-gov.xai.grok-4.6": ("2.64", "7.92", "0.66", None),
    "global.xai.grok-4.7": ("2", "6", "0.5", None),
    "us.xai.grok-4.7": ("2.2", "6.6", "0.55", None),
    "us-gov.xai.grok-4.7": ("2.64", "7.92", "0.66", None),
    "zai.glm-4.7": ("0.6", "2.2", None, None),
    "zai.glm-4.7-flash": ("0.07", "0.4", None, None),
    "zai.glm-5": ("1", "3.2", None, None),
    "global.zai.glm-5.3": ("1.68", "5.28", "0.312", "2.1"),
    "us.zai.glm-5.3": ("1.848", "5.808", "0.3432", "2.31"),
}
MODELS = (Block(LITELLM, _BY_LITELLM),)

_ABOVE_100K = LongPrompt(100_000, 500, 500)
_ABOVE_200K = LongPrompt(200_000, 200, 150)
_ABOVE_272K = LongPrompt(272_000, 200, 150)
LONG_PROMPTS_SOURCE = LITELLM
# By the model's id without its geography.
LONG_PROMPTS = {
    "anthropic.claude-haiku-5-5": _ABOVE_100K,
    "anthropic.claude-sonnet-4-20250514-v1:0": _ABOVE_200K,
    "anthropic.claude-sonnet-4-5-20250929-v1:0": _ABOVE_200K,
    "openai.gpt-5.4": _ABOVE_272K,
    "openai.gpt-5.5": _ABOVE_272K,
    "openai.gpt-5.6-luna": _ABOVE_272K,
    "openai.gpt-5.6-sol": _ABOVE_272K,
    "openai.gpt-5.6-terra": _ABOVE_272K,
    "openai.gpt-6-astra": _ABOVE_272K,
    "openai.gpt-6-luna": _ABOVE_272K,
    "openai.gpt-6-sol": _ABOVE_272K,
    "openai.gpt-6.1-sol": _ABOVE_272K,
    "openai.gpt-6.1-terra": _ABOVE_272K,
}

# In percent of the standard price. AWS names no numbers (https://aws.amazon.com/bedrock/service-tiers), so these are from
# LiteLLM's prices of each tier. A few models' tier prices are rounded: priority differs by up to 5%, flex by up to 14%.
TIERS_SOURCE = LITELLM
TIER_PERCENTS = {"flex": 50, "priority": 175, "ultrafast": 600}

# US dollars for 1,000 text units, by the part of a guardrail's policy that they are for.
# Content filters, denied topics, personal data, regexes and words cost the same according to
# https://hivebook.wiki/wiki/aws-bedrock-guardrails-content-filters-pii-masking-grounding-checks-for-fms.
GUARDRAIL_SOURCE = LITELLM
GUARDRAIL_USD: dict[tuple[str, str], str] = {
    ("contentPolicyConfig", "filtersConfig"): "0.15",
    ("topicPolicyConfig", "topicsConfig"): "0.15",
    ("sensitiveInformationPolicyConfig", "piiEntitiesConfig"): "0.10",
    ("sensitiveInformationPolicyConfig", "regexesConfig"): "0",
    ("contextualGroundingPolicyConfig", "filtersConfig"): "0.10",
    ("wordPolicyConfig", "wordsConfig"): "0",
    ("wordPolicyConfig", "managedWordListsConfig"): "0",
}
# For each Automated Reasoning policy of the guardrail.
AUTOMATED_REASONING_USD = "0.17"
