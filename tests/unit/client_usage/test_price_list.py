"""The list of prices is complete and well formed."""

from __future__ import annotations

import re
from datetime import date

import pytest

from client_usage import price_list
from client_usage.price_list import Block, Row, Source
from client_usage.prices import Prices, to_text
from tests import documents

ROWS = [(model, row) for block in price_list.MODELS for model, row in block.rows.items()]
SOURCES = [
    *(block.source for block in price_list.MODELS),
    price_list.LONG_PROMPTS_SOURCE,
    price_list.TIERS_SOURCE,
    price_list.GUARDRAIL_SOURCE,
]
LISTED = Prices.from_text(None)
# The models that docs/limits.md names together, by their ids.
ANSWERING = {
    "gpt-oss 20b, 120b and safeguard": [
        "openai.gpt-oss-20b-1:0",
        "openai.gpt-oss-120b-1:0",
        "openai.gpt-oss-safeguard-20b",
        "openai.gpt-oss-safeguard-120b",
    ],
    "GPT-5.6 and GPT-6": [
        "us.openai.gpt-5.6-luna",
        "us.openai.gpt-5.6-sol",
        "us.openai.gpt-5.6-terra",
        "us.openai.gpt-6-astra",
        "us.openai.gpt-6-luna",
        "us.openai.gpt-6-sol",
    ],
    "Grok 4.6 and 4.7": ["us.xai.grok-4.6", "us.xai.grok-4.7"],
    "Qwen3": [
        "qwen.qwen3-235b-a22b-2507-v1:0",
        "qwen.qwen3-32b-v1:0",
        "qwen.qwen3-coder-30b-a3b-v1:0",
        "qwen.qwen3-coder-480b-a35b-v1:0",
        "qwen.qwen3-coder-next",
        "qwen.qwen3-next-80b-a3b",
        "qwen.qwen3-vl-235b-a22b",
    ],
    "DeepSeek v3.2": ["deepseek.v3.2"],
    "GLM 4.7 and 5": ["zai.glm-4.7", "zai.glm-4.7-flash", "zai.glm-5"],
    "Mistral Large 3, Ministral, Magistral, Devstral and Voxtral": [
        "mistral.mistral-large-3-675b-instruct",
        "mistral.ministral-3-3b-instruct",
        "mistral.ministral-3-8b-instruct",
        "mistral.ministral-3-14b-instruct",
        "mistral.magistral-small-2509",
        "mistral.devstral-2-123b",
        "mistral.voxtral-mini-3b-2507",
        "mistral.voxtral-small-24b-2507",
    ],
    "Kimi K2.5 and K3": ["moonshotai.kimi-k2.5", "moonshotai.kimi-k3"],
    "MiniMax M2": ["minimax.minimax-m2", "minimax.minimax-m2.1", "minimax.minimax-m2.5"],
    "Nemotron": [
        "nvidia.nemotron-nano-9b-v2",
        "nvidia.nemotron-nano-12b-v2",
        "nvidia.nemotron-nano-3-30b",
        "nvidia.nemotron-super-3-120b",
    ],
    "Palmyra Vision": ["writer.palmyra-vision-7b"],
    "Gemma 3": ["google.gemma-3-4b-it", "google.gemma-3-12b-it", "google.gemma-3-27b-it"],
}


@pytest.mark.parametrize(("model", "row"), ROWS)
def test_rows(model: str, row: Row) -> None:
    """Every row of the list is a usable price of a model."""
    assert Prices.from_text(to_text({model: row})).of_model(model) == LISTED.of_model(model)


@pytest.mark.parametrize("source", SOURCES)
def test_sources(source: Source) -> None:
    """Every block of prices has a source and a date."""
    assert source.name
    assert date.fromisoformat(source.read_on).isoformat() == source.read_on


@pytest.mark.parametrize("block", price_list.MODELS)
def test_geographies_have_their_own_price(block: Block) -> None:
    """A row for a geography's profile differs from the model's."""
    for model, row in block.rows.items():
        assert block.rows.get(model.partition(".")[2]) != row


def test_each_model_stands_in_one_block() -> None:
    """No model has two prices."""
    models = [model for model, _ in ROWS]
    assert len(models) == len(set(models))


def test_models_that_answer_have_a_price() -> None:
    """Every model that docs/limits.md names as answering has a price."""
    head = "| answer on chat completions | are called on Converse | answer neither way: 404 |"
    ((answering, _, _),) = documents.table("docs/limits.md", head)
    named = re.sub(r" \([^)]*\)", "", answering).split("; ")
    assert named == list(ANSWERING)
    unpriced = [model for models in ANSWERING.values() for model in models if not LISTED.of_model(model)]
    assert unpriced == []


@pytest.mark.parametrize("model", price_list.LONG_PROMPTS)
def test_long_prompts(model: str) -> None:
    """A model whose long prompts cost more has a price."""
    assert any(LISTED.of_model(geography + model) for geography in ("", "us."))
