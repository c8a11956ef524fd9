"""How to lower the largest items, each with its effect on a million requests of the usual shape."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from benchmarks.cost import inference
from benchmarks.cost.inference import Check
from benchmarks.cost.shapes import CLAUDE, OPEN, SMALL, USUAL, Shape
from client_usage.usage import Usage

# How much of the usual prompt the user wrote: in all turns, and in the last one. The rest is a system prompt.
USER_TOKENS, LAST_TURN_TOKENS = 400, 100
SHORT_COMPLETION_TOKENS = 250
# Claude caches prompts of at least 1,024 tokens or more: https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
LONG_PROMPT_TOKENS, CACHED_TOKENS = 10_000, 9_000


class Saving(NamedTuple):
    """What to do, what a million requests then cost, and what is lost."""

    what: str
    usd: Decimal
    effect: str


def of_guardrail() -> Iterator[Saving]:
    """The guardrail with fewer policies, and with less text."""
    both = _checks()
    yield Saving("the default: content filters and personal data, all text", _guardrail(both), "")
    yield from _fewer_policies()
    yield from _one_direction()
    yield from _less_text(both)


def of_model() -> Iterator[Saving]:
    """The model: another one, shorter answers, another tier, cached prompts."""
    usage = Usage(USUAL.prompt_tokens, USUAL.completion_tokens)
    yield Saving(f"{OPEN.title}, the default tier", inference.model_usd(OPEN, usage), "")
    yield Saving(f"{SMALL.title}", inference.model_usd(SMALL, usage), "another model, with other answers")
    flex = inference.model_usd(OPEN, usage, tier="flex")
    yield Saving(f'{OPEN.title} with `service_tier` `"flex"`', flex, "answers may take longer")
    priority = inference.model_usd(OPEN, usage, tier="priority")
    yield Saving(f'{OPEN.title} with `service_tier` `"priority"`', priority, "dearer: answers come sooner")
    short = inference.model_usd(OPEN, usage._replace(completion_tokens=SHORT_COMPLETION_TOKENS))
    shorter = f"{OPEN.title} with `max_completion_tokens` {SHORT_COMPLETION_TOKENS}"
    yield Saving(shorter, short, "answers end there; the guardrail checks less, too")
    yield from _caching()


def _fewer_policies() -> Iterator[Saving]:
    content, personal = _checks()
    yield Saving("without personal data", _guardrail([content]), "personal data is not masked")
    lost = "hate, insults, violence and the like pass"
    yield Saving("without content filters", _guardrail([personal]), lost)
    words = "only the listed words are found; words and regular expressions cost nothing"
    yield Saving("words and regular expressions only", _guardrail([]), words)


def _one_direction() -> Iterator[Saving]:
    content, personal = _checks()
    content_in = [content._replace(answer=False), personal]
    what = "content filters check the prompt only (`outputEnabled = false`)"
    yield Saving(what, _guardrail(content_in), "a harmful answer to a harmless prompt passes")
    prompts = [check._replace(answer=False) for check in _checks()]
    what = "both policies check the prompt only"
    yield Saving(what, _guardrail(prompts), "answers are checked for words only")
    answers = [check._replace(prompt=False) for check in _checks()]
    what = "both policies check the answer only (`inputEnabled = false`)"
    yield Saving(what, _guardrail(answers), "the model gets prompts that were checked for words only")


def _less_text(checks: list[Check]) -> Iterator[Saving]:
    user = USUAL._replace(prompt_tokens=USER_TOKENS)
    what = f'`tagging = "user_turns"`, if users wrote {USER_TOKENS} of the {USUAL.prompt_tokens:,} tokens'
    unchecked = "system prompts, tools and results of tools are not checked"
    yield Saving(what, _guardrail(checks, user), unchecked)
    last = USUAL._replace(prompt_tokens=LAST_TURN_TOKENS)
    what = f'`tagging = "latest_user_turn"`, if the last turn has {LAST_TURN_TOKENS} tokens'
    yield Saving(what, _guardrail(checks, last), f"{unchecked}, nor are earlier turns")


def _caching() -> Iterator[Saving]:
    usage = Usage(LONG_PROMPT_TOKENS, USUAL.completion_tokens)
    long = f"{CLAUDE.title}, a prompt of {LONG_PROMPT_TOKENS:,} tokens"
    yield Saving(long, inference.model_usd(CLAUDE, usage), "")
    cached = usage._replace(cached_tokens=CACHED_TOKENS)
    what = f"the same, if {CACHED_TOKENS:,} of them are read from the cache"
    effect = "none; the guardrail still checks the whole prompt"
    yield Saving(what, inference.model_usd(CLAUDE, cached), effect)


def _checks() -> list[Check]:
    policies = (inference.CONTENT, inference.PERSONAL_DATA)
    return [Check(inference.policy_usd(policy)) for policy in policies]


def _guardrail(checks: list[Check], shape: Shape = USUAL) -> Decimal:
    return inference.checks_usd(shape, checks)
