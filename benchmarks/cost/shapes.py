"""The requests whose costs are calculated, and the models that answer them."""

from __future__ import annotations

import math
from typing import NamedTuple

# Our estimate for English text. Bedrock counts a text unit for each 1,000 characters that a guardrail checks:
# https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-how.html
CHARACTERS_PER_TOKEN = 4
_CHARACTERS_PER_TEXT_UNIT = 1000


class Shape(NamedTuple):
    """A request. `seconds` is the time until the last byte of Bedrock's answer."""

    title: str
    seconds: int
    prompt_tokens: int
    completion_tokens: int
    is_job: bool = False

    @property
    def prompt_text_units(self) -> int:
        return text_units(self.prompt_tokens)

    @property
    def completion_text_units(self) -> int:
        return text_units(self.completion_tokens)

    @property
    def answer_bytes(self) -> int:
        """The length of the answer's text."""
        return self.completion_tokens * CHARACTERS_PER_TOKEN


class Model(NamedTuple):
    """A model by its id at Bedrock, and its name in a sentence."""

    id: str
    title: str


ANSWER = Shape("an answer of 1 second", seconds=1, prompt_tokens=1000, completion_tokens=100)
STREAM = Shape("a stream of 20 seconds", seconds=20, prompt_tokens=1000, completion_tokens=500)
JOB = Shape("a job of 5 minutes", seconds=300, prompt_tokens=4000, completion_tokens=7500, is_job=True)
SHAPES = (ANSWER, STREAM, JOB)
USUAL = STREAM

SMALL = Model("openai.gpt-oss-20b-1:0", "gpt-oss-20b")
OPEN = Model("openai.gpt-oss-120b-1:0", "gpt-oss-120b")
CLAUDE = Model("anthropic.claude-sonnet-5-5", "Claude Sonnet 5.5")
MODELS = (SMALL, OPEN, CLAUDE)


def text_units(tokens: int) -> int:
    """The text units that a text of so many tokens has, rounded up."""
    return math.ceil(tokens * CHARACTERS_PER_TOKEN / _CHARACTERS_PER_TEXT_UNIT)
