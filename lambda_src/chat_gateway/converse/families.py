"""What each family of models accepts on Converse, as data with date and source.

docs/models.md shows these rows, and a test compares it with them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

# The first part of a cross-region inference profile's id:
# https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html
GEOGRAPHIES = frozenset({"apac", "au", "ca", "eu", "global", "in", "jp", "us", "us-gov"})
_AWS_TABLE = "https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html"
_CLAUDE = (
    "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html"
)
_LITELLM = "https://github.com/BerriAI/litellm/blob/main/model_prices_and_context_window.json"
_NOVA_2 = "https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html"
_NOVA = "https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html"
_LLAMA = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html"
_TITAN = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html"
_PALMYRA = "https://github.com/langchain-ai/langchain-aws/issues/466"
_SEEN = "2026-11-26"
_FORCED = frozenset({"any", "tool"})
_NOTHING: frozenset[str] = frozenset()


class Reasoning(StrEnum):
    """How a family is told to reason. The values are the words of docs/models.md."""

    NONE = "no"
    BUDGET = "`thinking` with a budget"
    ADAPTIVE = "adaptive `thinking` with an effort"
    NOVA = "`reasoningConfig`"


class TopK(StrEnum):
    """Where a family reads `top_k`, in `additionalModelRequestFields`."""

    NONE = "no"
    CLAUDE = "`top_k`"
    NOVA = "`inferenceConfig.topK`"


class Family(NamedTuple):
    """One family of models. Every row is a claim about Bedrock, of the day `seen`, from `source`.

    `tool_choices`: the choices besides `auto`. `streams_tools`: ConverseStream accepts tools.
    `takes_text_beside_results`: a user's turn may hold tool results and other content.
    `takes_both_samplers`: temperature and top_p in one request. `limits_to_one_call`: `disable_parallel_tool_use` works.
    `default_max_tokens`: the limit for a request that has none, since Bedrock reserves the limit from the token quota.
    """

    name: str
    prefixes: tuple[str, ...]
    source: str
    seen: str = _SEEN
    has_system: bool = True
    has_tools: bool = True
    tool_choices: frozenset[str] = _FORCED
    streams_tools: bool = True
    takes_text_beside_results: bool = True
    limits_to_one_call: bool = False
    has_strict_tools: bool = False
    has_images: bool = False
    has_documents: bool = True
    has_cache_points: bool = False
    has_tool_cache_points: bool = False
    reasoning: Reasoning = Reasoning.NONE
    has_json_schema: bool = False
    takes_both_samplers: bool = True
    top_k: TopK = TopK.NONE
    default_max_tokens: int = 4096


_CLAUDE_3 = Family(
    "Claude 3 and 3.5 Sonnet (June 2024)",
    (
        "anthropic.claude-3-haiku",
        "anthropic.claude-3-sonnet",
        "anthropic.claude-3-opus",
        "anthropic.claude-3-5-sonnet-20240620",
    ),
    _CLAUDE,
    has_images=True,
    top_k=TopK.CLAUDE,
)
_CLAUDE_3_5_SONNET = _CLAUDE_3._replace(
    name="Claude 3.5 Sonnet v2",
    prefixes=("anthropic.claude-3-5-sonnet",),
    has_cache_points=True,
    has_tool_cache_points=True,
)
_CLAUDE_3_5_HAIKU = _CLAUDE_3_5_SONNET._replace(
    name="Claude 3.5 Haiku", prefixes=("anthropic.claude-3-5-haiku",), has_images=False
)
_CLAUDE_4 = _CLAUDE_3_5_SONNET._replace(
    name="Claude 3.7 Sonnet and Claude 4",
    prefixes=(
        "anthropic.claude-3-7-sonnet",
        "anthropic.claude-opus-4-2025",
        "anthropic.claude-sonnet-4-2025",
    ),
    source=_LITELLM,
    reasoning=Reasoning.BUDGET,
)
_CLAUDE_4_1 = _CLAUDE_4._replace(
    name="Claude Opus 4.1", prefixes=("anthropic.claude-opus-4-1",), takes_both_samplers=False
)
_CLAUDE_4_5 = _CLAUDE_4_1._replace(
    name="Claude 4.5",
    prefixes=("anthropic.claude-opus-4-5", "anthropic.claude-sonnet-4-5", "anthropic.claude-haiku-4-5"),
    limits_to_one_call=True,
    has_strict_tools=True,
    has_json_schema=True,
)
_CLAUDE_4_6 = _CLAUDE_4_5._replace(
    name="Claude 4.6",
    prefixes=("anthropic.claude-opus-4-6", "anthropic.claude-sonnet-4-6"),
    reasoning=Reasoning.ADAPTIVE,
)
_CLAUDE_5 = _CLAUDE_4_6._replace(
    name="Claude Opus 4.7 and 4.8, Claude 5, Haiku 5.5, Mythos, and newer",
    prefixes=("anthropic.claude-opus-4-7", "anthropic.claude-opus-4-8", "anthropic.claude-"),
    has_strict_tools=False,
)
_CLAUDE_5_5 = _CLAUDE_5._replace(
    name="Claude Opus 5.5, Sonnet 5.5 and Fable 5.1",
    prefixes=("anthropic.claude-opus-5-5", "anthropic.claude-sonnet-5-5", "anthropic.claude-fable-5-1"),
    tool_choices=_NOTHING,
)
_NOVA_MICRO = Family(
    "Nova Micro",
    ("amazon.nova-micro",),
    _NOVA,
    has_documents=False,
    has_cache_points=True,
    top_k=TopK.NOVA,
)
_NOVA_1 = _NOVA_MICRO._replace(
    name="Nova Lite, Pro and Premier", prefixes=("amazon.nova-",), has_images=True, has_documents=True
)
_NOVA_2_ROW = _NOVA_1._replace(
    name="Nova 2", prefixes=("amazon.nova-2",), source=_NOVA_2, reasoning=Reasoning.NOVA
)
_LLAMA_3_1 = Family(
    "Llama 3.1 and 3.3",
    ("meta.llama3-1-", "meta.llama3-3-"),
    _LLAMA,
    tool_choices=_NOTHING,
    streams_tools=False,
    takes_text_beside_results=False,
    default_max_tokens=2048,
)
_LLAMA_3 = _LLAMA_3_1._replace(
    name="Llama 3, and Llama 3.2 1B and 3B",
    prefixes=("meta.llama3-", "meta.llama3-2-1b", "meta.llama3-2-3b"),
    has_tools=False,
)
_LLAMA_3_2 = _LLAMA_3_1._replace(
    name="Llama 3.2 11B and 90B", prefixes=("meta.llama3-2-11b", "meta.llama3-2-90b"), has_images=True
)
_LLAMA_4 = _LLAMA_3_2._replace(
    name="Llama 4 and newer", prefixes=("meta.llama",), default_max_tokens=4096, source=_AWS_TABLE
)
_MISTRAL_LARGE = Family(
    "Mistral Large (2024)",
    ("mistral.mistral-large-24",),
    _AWS_TABLE,
    tool_choices=frozenset({"any"}),
    streams_tools=False,
    takes_text_beside_results=False,
)
_MISTRAL_SMALL = _MISTRAL_LARGE._replace(
    name="Mistral Small (2024)",
    prefixes=("mistral.mistral-small-24",),
    tool_choices=_NOTHING,
    has_documents=False,
)
_PIXTRAL = _MISTRAL_LARGE._replace(
    name="Pixtral Large",
    prefixes=("mistral.pixtral",),
    tool_choices=_NOTHING,
    has_images=True,
)
_MISTRAL_7B = _MISTRAL_LARGE._replace(
    name="Mistral 7B and Mixtral",
    prefixes=("mistral.mistral-7b", "mistral.mixtral"),
    has_system=False,
    has_tools=False,
    tool_choices=_NOTHING,
)
_COMMAND_R = Family("Command R and R+", ("cohere.command-r",), _AWS_TABLE, tool_choices=_NOTHING)
_COMMAND = _COMMAND_R._replace(
    name="Command", prefixes=("cohere.command-",), has_system=False, has_tools=False
)
_JAMBA_1_5 = Family("Jamba 1.5", ("ai21.jamba-1-5",), _AWS_TABLE, tool_choices=_NOTHING, streams_tools=False)
_JAMBA_INSTRUCT = _JAMBA_1_5._replace(
    name="Jamba-Instruct", prefixes=("ai21.jamba-instruct",), has_tools=False, has_documents=False
)
_TITAN_TEXT = Family(
    "Titan Text Lite and Express",
    ("amazon.titan-text",),
    _TITAN,
    has_system=False,
    has_tools=False,
    tool_choices=_NOTHING,
)
_TITAN_PREMIER = _TITAN_TEXT._replace(
    name="Titan Text Premier",
    prefixes=("amazon.titan-text-premier",),
    has_documents=False,
    default_max_tokens=3072,
)
_DEEPSEEK_R1 = Family("DeepSeek R1", ("deepseek.r1",), _AWS_TABLE, has_tools=False, tool_choices=_NOTHING)
_PALMYRA_X = Family(
    "Palmyra X4 and X5", ("writer.palmyra-x",), _PALMYRA, tool_choices=_NOTHING, streams_tools=False
)
_PALMYRA_VISION = Family(
    "Palmyra Vision",
    ("writer.palmyra-vision",),
    _AWS_TABLE,
    has_system=False,
    has_tools=False,
    tool_choices=_NOTHING,
    has_images=True,
)
FAMILIES = (
    *(_CLAUDE_3, _CLAUDE_3_5_SONNET, _CLAUDE_3_5_HAIKU, _CLAUDE_4, _CLAUDE_4_1, _CLAUDE_4_5, _CLAUDE_4_6),
    *(_CLAUDE_5, _CLAUDE_5_5, _NOVA_MICRO, _NOVA_1, _NOVA_2_ROW),
    *(_LLAMA_3, _LLAMA_3_1, _LLAMA_3_2, _LLAMA_4),
    *(_MISTRAL_7B, _MISTRAL_SMALL, _MISTRAL_LARGE, _PIXTRAL, _COMMAND, _COMMAND_R),
    *(_JAMBA_INSTRUCT, _JAMBA_1_5, _TITAN_TEXT, _TITAN_PREMIER, _DEEPSEEK_R1, _PALMYRA_X, _PALMYRA_VISION),
)
# Bedrock judges what such a model accepts. A field that only some families have, and by different names, is refused.
UNKNOWN = Family(
    "a model of unknown family",
    (),
    "",
    has_images=True,
    has_cache_points=True,
    has_tool_cache_points=True,
    has_json_schema=True,
)
_LONGEST_PREFIXES_FIRST = sorted(
    ((prefix, family) for family in FAMILIES for prefix in family.prefixes),
    key=lambda row: len(row[0]),
    reverse=True,
)


def of(model: str, family_of: str | None = None) -> Family:
    """The family of a model's id or ARN, or of an inference profile's; `UNKNOWN` if no row has it.

    `family_of`: the id of a model of the same family, for an ARN that hides it.
    """
    id_ = model_id(family_of or model)
    return next((family for prefix, family in _LONGEST_PREFIXES_FIRST if id_.startswith(prefix)), UNKNOWN)


def model_id(model: str) -> str:
    """The id after an ARN's last `/`, without the geography of an inference profile."""
    id_ = model.rpartition("/")[2]
    geography, _, rest = id_.partition(".")
    return rest if geography in GEOGRAPHIES else id_
