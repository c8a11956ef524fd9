"""The models that answer on Converse, and what each family of models takes.

Date: 2026-11-26. Sources: AWS's table of features by model
(docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html), the model cards,
LiteLLM's price map (1.106.2), langchain-aws, and public recordings of refusals. [?] marks what no source confirms.
"""

from __future__ import annotations

from typing import NamedTuple

ANY_CHOICE = frozenset({"auto", "any", "tool"})
AUTO = frozenset({"auto"})
EVERYWHERE = frozenset({"system", "messages", "tools"})
NOWHERE: frozenset[str] = frozenset()


class Family(NamedTuple):
    """What a family of models takes. `prefix` starts its ids, after the geography of an inference profile."""

    prefix: str
    max_tokens: int  # the most output tokens of one answer
    on_demand: bool = True  # False: the bare id is refused, an inference profile works
    legacy: bool = False
    ending: str = ""  # how each id ends
    system: bool = True
    images: bool = False
    documents: bool = False
    tools: bool = True
    streamed_tools: bool = True
    tool_choices: frozenset[str] = ANY_CHOICE
    strict_tools: bool = False
    result_status: bool = False  # takes toolResult.status
    text_beside_results: bool = True  # takes text and tool results in one turn
    results_first: bool = False  # tool results come before everything else in their turn
    cache_points: frozenset[str] = NOWHERE  # where cache points are allowed
    temperature: bool = True  # False: refuses each value except 1
    temperature_and_top_p: bool = True
    prefill: bool = True  # takes an assistant's turn as the last one
    signed_reasoning: bool = False  # takes reasoning back only with its signature
    thinking: frozenset[str] = NOWHERE  # the types of additionalModelRequestFields.thinking
    always_reasons: bool = False
    structured: bool = False  # takes outputConfig.textFormat
    system_turns: bool = False  # takes the role `system` in messages
    additional: frozenset[str] = NOWHERE  # the known keys of additionalModelRequestFields


_CLAUDE = Family(
    "anthropic.claude-",
    4096,
    images=True,
    documents=True,
    result_status=True,
    results_first=True,
    signed_reasoning=True,
    additional=frozenset({"thinking", "top_k", "anthropic_beta", "tool_choice", "output_config"}),
)
_CLAUDE_3_7 = _CLAUDE._replace(
    max_tokens=64_000, on_demand=False, cache_points=EVERYWHERE, thinking=frozenset({"enabled"})
)
_CLAUDE_4_1 = _CLAUDE_3_7._replace(temperature_and_top_p=False, max_tokens=32_000)
_CLAUDE_4_5 = _CLAUDE_4_1._replace(max_tokens=64_000, structured=True, strict_tools=True)
_CLAUDE_4_6 = _CLAUDE_4_5._replace(
    max_tokens=128_000, prefill=False, thinking=frozenset({"enabled", "adaptive"})
)
# [?] Whether 4.7 takes thinking of type `enabled`, and whether 5 and later take `structured`: sources differ.
_CLAUDE_4_7 = _CLAUDE_4_6._replace(temperature=False, strict_tools=False, thinking=frozenset({"adaptive"}))
_CLAUDE_5 = _CLAUDE_4_7._replace(system_turns=True)
_CLAUDE_FORCING_NO_TOOL = _CLAUDE_5._replace(tool_choices=AUTO)

_NOVA = Family(
    "amazon.nova-",
    10_000,
    ending=":0",
    images=True,
    documents=True,
    result_status=True,
    cache_points=frozenset({"system", "messages"}),
    additional=frozenset({"inferenceConfig"}),
)
_NOVA_2 = _NOVA._replace(
    max_tokens=64_000, on_demand=False, additional=frozenset({"inferenceConfig", "reasoningConfig"})
)
_LLAMA = Family(
    "meta.llama", 8192, streamed_tools=False, tool_choices=AUTO, text_beside_results=False, documents=True
)
_MISTRAL = Family(
    "mistral.",
    8192,
    streamed_tools=False,
    tool_choices=AUTO,
    text_beside_results=False,
    additional=frozenset({"top_k"}),
)
# Models that also have the chat completions API. Most of them answer on Converse too (7 of 8 asked).
_NATIVE = Family("", 32_000, additional=frozenset({"reasoning_effort"}))

FAMILIES = (
    _CLAUDE._replace(prefix="anthropic.claude-v2", legacy=True),
    _CLAUDE._replace(prefix="anthropic.claude-instant-", legacy=True),
    _CLAUDE._replace(prefix="anthropic.claude-3-sonnet-", legacy=True),
    _CLAUDE._replace(prefix="anthropic.claude-3-haiku-"),
    _CLAUDE._replace(prefix="anthropic.claude-3-opus-", on_demand=False),
    _CLAUDE._replace(prefix="anthropic.claude-3-5-sonnet-", max_tokens=8192),
    _CLAUDE._replace(prefix="anthropic.claude-3-5-haiku-", max_tokens=8192, cache_points=EVERYWHERE),
    _CLAUDE_3_7._replace(prefix="anthropic.claude-3-7-sonnet-"),
    _CLAUDE_3_7._replace(prefix="anthropic.claude-sonnet-4-"),
    _CLAUDE_3_7._replace(prefix="anthropic.claude-opus-4-", max_tokens=32_000),
    _CLAUDE_4_1._replace(prefix="anthropic.claude-opus-4-1-"),
    *(_CLAUDE_4_5._replace(prefix=f"anthropic.claude-{name}-4-5-") for name in ("sonnet", "haiku", "opus")),
    *(_CLAUDE_4_6._replace(prefix=f"anthropic.claude-{name}-4-6") for name in ("sonnet", "opus")),
    _CLAUDE_4_7._replace(prefix="anthropic.claude-opus-4-7"),
    _CLAUDE_4_7._replace(prefix="anthropic.claude-opus-4-8"),
    *(_CLAUDE_5._replace(prefix=f"anthropic.claude-{name}-5") for name in ("opus", "sonnet", "fable")),
    *(
        _CLAUDE_FORCING_NO_TOOL._replace(prefix=f"anthropic.claude-{name}")
        for name in ("opus-5-5", "sonnet-5-5", "fable-5-1")
    ),
    _CLAUDE_5._replace(prefix="anthropic.claude-haiku-5-5"),
    _CLAUDE_5._replace(prefix="anthropic.claude-mythos"),
    _NOVA._replace(prefix="amazon.nova-micro-", images=False, documents=False),
    _NOVA._replace(prefix="amazon.nova-lite-"),
    _NOVA._replace(prefix="amazon.nova-pro-"),
    _NOVA._replace(prefix="amazon.nova-premier-", on_demand=False),
    _NOVA_2._replace(prefix="amazon.nova-2-"),
    Family("amazon.titan-text-", 8192, system=False, tools=False, documents=True),
    _LLAMA._replace(prefix="meta.llama3-8b-", tools=False),
    _LLAMA._replace(prefix="meta.llama3-70b-", tools=False),
    _LLAMA._replace(prefix="meta.llama3-1-", on_demand=False),
    _LLAMA._replace(prefix="meta.llama3-2-1b-", on_demand=False, tools=False),
    _LLAMA._replace(prefix="meta.llama3-2-3b-", on_demand=False, tools=False),
    _LLAMA._replace(prefix="meta.llama3-2-", on_demand=False, images=True),
    _LLAMA._replace(prefix="meta.llama3-3-", on_demand=False),
    _LLAMA._replace(prefix="meta.llama4-", on_demand=False, images=True),
    _MISTRAL._replace(prefix="mistral.mistral-7b-", system=False, tools=False),
    _MISTRAL._replace(prefix="mistral.mixtral-", system=False, tools=False),
    _MISTRAL._replace(prefix="mistral.mistral-large-2402", tool_choices=frozenset({"auto", "any"})),
    _MISTRAL._replace(prefix="mistral.mistral-large-2407", tool_choices=frozenset({"auto", "any"})),
    _MISTRAL._replace(prefix="mistral.mistral-small-2402", tool_choices=frozenset({"auto", "any"})),
    _MISTRAL._replace(prefix="mistral.pixtral-large-", on_demand=False, images=True),
    Family("cohere.command-r-", 4096, documents=True, tool_choices=NOWHERE, additional=frozenset({"k", "p"})),
    Family("cohere.command-", 4096, system=False, tools=False, additional=frozenset({"k", "p"})),
    Family("ai21.jamba-1-5-", 4096, documents=True, tool_choices=NOWHERE),
    Family("ai21.jamba-instruct-", 4096, tools=False),
    Family("deepseek.r1-", 32_768, on_demand=False, documents=True, tools=False, always_reasons=True),
    Family("writer.palmyra-x", 8192, on_demand=False, documents=True, streamed_tools=False),
    Family("writer.palmyra-vision-", 8192, system=False, tools=False, images=True),
    _NATIVE._replace(prefix="openai.gpt-oss-20b"),
    _NATIVE._replace(prefix="openai.gpt-oss-120b", always_reasons=True),
    _NATIVE._replace(prefix="openai.gpt-oss-safeguard-", always_reasons=True),
    _NATIVE._replace(prefix="deepseek.v3", tool_choices=frozenset({"any", "tool", "auto"})),
    _NATIVE._replace(prefix="google.gemma-3-", images=True),
    *(
        _NATIVE._replace(prefix=prefix)
        for prefix in (
            "qwen.qwen3-",
            "zai.glm-",
            "moonshotai.kimi-",
            "minimax.minimax-",
            "nvidia.nemotron-",
            "mistral.mistral-large-3",
            "mistral.ministral-",
            "mistral.magistral-",
            "mistral.devstral-",
            "mistral.voxtral-",
        )
    ),
)

# An application inference profile hides its family. Here the start of its id tells it; any other profile is Claude's.
APPLICATION_PROFILES = {
    "nova": "amazon.nova-lite-",
    "llama": "meta.llama3-3-",
    "oss": "openai.gpt-oss-20b",
    "": "anthropic.claude-sonnet-4-5-",
}


def family_of(model: str) -> Family | None:
    """The family of a model's own id, without the geography; None for an unknown id."""
    fitting = [family for family in FAMILIES if model.startswith(family.prefix)]
    found = max(fitting, key=lambda family: len(family.prefix), default=None)
    return found if found is not None and model.endswith(found.ending) else None


def family_of_profile(profile: str) -> Family:
    """The family behind an application inference profile, by the profile's id."""
    start = next(start for start in APPLICATION_PROFILES if profile.startswith(start))
    return next(family for family in FAMILIES if family.prefix == APPLICATION_PROFILES[start])
