"""Which family a model belongs to."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.converse import families
from chat_gateway.converse.families import FAMILIES, GEOGRAPHIES, UNKNOWN, Reasoning

ACCOUNT = "arn:aws:bedrock:us-east-1:123456789012:"


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("anthropic.claude-3-haiku-20240307-v1:0", "Claude 3 and 3.5 Sonnet (June 2024)"),
        ("anthropic.claude-3-5-sonnet-20240620-v1:0", "Claude 3 and 3.5 Sonnet (June 2024)"),
        ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "Claude 3.5 Sonnet v2"),
        ("anthropic.claude-3-5-haiku-20241022-v1:0", "Claude 3.5 Haiku"),
        ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", "Claude 3.7 Sonnet and Claude 4"),
        ("apac.anthropic.claude-sonnet-4-20250514-v1:0", "Claude 3.7 Sonnet and Claude 4"),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", "Claude Opus 4.1"),
        ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", "Claude 4.5"),
        ("global.anthropic.claude-opus-4-6-v1", "Claude 4.6"),
        (
            "us.anthropic.claude-opus-4-7",
            "Claude Opus 4.7 and 4.8, Claude 5, Haiku 5.5, Mythos, and newer",
        ),
        (
            "jp.anthropic.claude-sonnet-5",
            "Claude Opus 4.7 and 4.8, Claude 5, Haiku 5.5, Mythos, and newer",
        ),
        ("us.anthropic.claude-opus-5-5", "Claude Opus 5.5, Sonnet 5.5 and Fable 5.1"),
        ("global.anthropic.claude-fable-5-1", "Claude Opus 5.5, Sonnet 5.5 and Fable 5.1"),
        ("us-gov.amazon.nova-micro-v1:0", "Nova Micro"),
        ("ca.amazon.nova-pro-v1:0", "Nova Lite, Pro and Premier"),
        ("in.amazon.nova-2-lite-v1:0", "Nova 2"),
        ("meta.llama3-70b-instruct-v1:0", "Llama 3, and Llama 3.2 1B and 3B"),
        ("us.meta.llama3-2-1b-instruct-v1:0", "Llama 3, and Llama 3.2 1B and 3B"),
        ("us.meta.llama3-2-90b-instruct-v1:0", "Llama 3.2 11B and 90B"),
        ("meta.llama3-1-8b-instruct-v1:0", "Llama 3.1 and 3.3"),
        ("us.meta.llama4-scout-17b-instruct-v1:0", "Llama 4 and newer"),
        ("mistral.mixtral-8x7b-instruct-v0:1", "Mistral 7B and Mixtral"),
        ("cohere.command-r-plus-v1:0", "Command R and R+"),
        ("cohere.command-text-v14", "Command"),
        ("amazon.titan-text-premier-v1:0", "Titan Text Premier"),
        ("us.deepseek.r1-v1:0", "DeepSeek R1"),
        ("us.writer.palmyra-x5-v1:0", "Palmyra X4 and X5"),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0", "Nova Micro"),
        (
            f"{ACCOUNT}inference-profile/us.anthropic.claude-opus-5-5",
            "Claude Opus 5.5, Sonnet 5.5 and Fable 5.1",
        ),
        (f"{ACCOUNT}application-inference-profile/abcdef123456", UNKNOWN.name),
        ("qwen.qwen3-32b-v1:0", UNKNOWN.name),
        ("", UNKNOWN.name),
    ],
)
def test_an_id_belongs_to_a_family(model: str, name: str) -> None:
    """The longest prefix decides, after an ARN's path and a geography."""
    assert families.of(model).name == name


def test_an_environment_can_tell_the_family() -> None:
    """For an ARN that hides the model, another model's id says the family."""
    profile = f"{ACCOUNT}application-inference-profile/abcdef123456"
    assert families.of(profile, "us.meta.llama3-3-70b-instruct-v1:0").name == "Llama 3.1 and 3.3"


@given(st.text(), st.sampled_from(sorted(GEOGRAPHIES)))
def test_every_text_has_a_family(model: str, geography: str) -> None:
    """Any text has a family, and one geography makes no difference."""
    assert families.of(f"{geography}.meta.{model}") == families.of(f"meta.{model}")
    assert families.of(model)


def test_no_prefix_belongs_to_two_families() -> None:
    """Names and prefixes are unique."""
    prefixes = [prefix for family in FAMILIES for prefix in family.prefixes]
    assert len(prefixes) == len(set(prefixes))
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_rows_have_a_date_and_a_source(family: families.Family) -> None:
    """Each row has a source and the day on which it was read, and no tool setting without tools."""
    assert datetime.date.fromisoformat(family.seen)
    assert family.source.startswith("https://")
    assert 1 <= family.default_max_tokens <= 4096
    assert family.has_cache_points or not family.has_tool_cache_points


def test_an_unknown_family_is_judged_by_bedrock() -> None:
    """A model of unknown family may have what all families call by the same name."""
    allowed = (UNKNOWN.has_system, UNKNOWN.has_tools, UNKNOWN.has_images, UNKNOWN.has_documents)
    assert all((*allowed, UNKNOWN.has_cache_points, UNKNOWN.streams_tools, UNKNOWN.has_json_schema))
    assert UNKNOWN.reasoning is Reasoning.NONE
