"""A client's limits, its usage and the log line hold for Converse models, too."""

from __future__ import annotations

import httpx

from tests.unit.chat_gateway.converse_bedrock import (
    INPUT,
    MODEL,
    FakeBedrock,
    blocks,
    said,
    streamed,
    with_result,
)
from tests.unit.chat_gateway.converse_events import METADATA, START, STOP, USAGE, words
from tests.unit.chat_gateway.http_api.conftest import NewGateway


def test_tokens_are_charged(limited: NewGateway) -> None:
    """A whole answer and a stream are charged what Converse says."""
    bedrock = FakeBedrock()
    gateway = limited(bedrock)
    gateway.limit(tokens_per_day=100_000)
    assert gateway.answer(said())[0] == 200
    assert gateway.counters()["tokens_d"] == USAGE["totalTokens"]
    bedrock.generate = lambda: streamed(START, words("a"), STOP, METADATA)
    assert gateway.answer(said(stream=True))[0] == 200
    assert gateway.counters()["tokens_d"] == 2 * USAGE["totalTokens"]
    assert bedrock.generations[0]["inferenceConfig"]["maxTokens"] == 50


def test_the_prompts_size_is_estimated(limited: NewGateway) -> None:
    """A request that alone is over the limit is refused before anything is sent."""
    gateway = limited(FakeBedrock())
    gateway.limit(tokens_per_minute=1_000)
    assert gateway.answer(said("a " * 4_000))[:2] == (429, "rate_limit_exceeded")
    assert gateway.asked == []


def test_a_block_is_charged_no_tokens(limited: NewGateway) -> None:
    """A request that was blocked before the model was asked has no tokens, and its log line says INTERVENED."""
    bedrock = FakeBedrock(check=blocks("SECRET", INPUT))
    gateway = limited(bedrock)
    gateway.limit(tokens_per_day=100_000)
    status, _, headers = gateway.answer(with_result("SECRET"))
    assert (status, headers["x-guardrail-action"]) == (200, "INTERVENED")
    assert gateway.counters()["tokens_d"] == 0
    line = gateway.logged()
    assert (line["guardrail"], line["guardrail_action"], line["model"]) == ("gr:1", "INTERVENED", MODEL)
    assert "SECRET" not in gateway.log.getvalue()


def test_an_error_gives_the_tokens_back(limited: NewGateway) -> None:
    gateway = limited(FakeBedrock(lambda: httpx.Response(400, json={"message": "no"})))
    gateway.limit(tokens_per_day=100_000)
    assert gateway.answer(said())[0] == 400
    assert gateway.counters()["tokens_d"] == 0
