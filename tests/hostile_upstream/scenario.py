"""One hostile answer, and the answers that the caller may get for it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from tests.hostile_upstream import honest, way
from tests.hostile_upstream.converse import HonestCheck, HonestConverse
from tests.hostile_upstream.honest import Honest
from tests.hostile_upstream.names import Name, Position
from tests.hostile_upstream.part import Part
from tests.hostile_upstream.script import Script, Step
from tests.hostile_upstream.way import Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """The correct outcomes.

    `statuses` (None: 400 to 599) and `codes` (None: any) are for an error, `words` (None: any) for a completion. A None in
    `statuses` allows Bedrock's own error after a stream's head, which has only a code. `releases`: whether a completion has
    the model's thoughts and arguments as the model wrote them, if ApplyGuardrail has to check these.
    """

    may_complete: bool
    may_fail: bool
    statuses: Collection[int | None] | None = None
    codes: Collection[str | None] | None = None
    words: str | None = honest.WORDS
    releases: bool = False


def completes(words: str | None = honest.WORDS) -> Expectation:
    """A completion with these words; by default the honest answer's words; None: any words."""
    return Expectation(may_complete=True, may_fail=False, words=words)


def refused(status: int | Collection[int | None] | None = None, *codes: str | None) -> Expectation:
    """An error of that status with one of the codes; without codes, with any code."""
    statuses = (status,) if isinstance(status, int) else status
    return Expectation(may_complete=False, may_fail=True, statuses=statuses, codes=codes or None)


# An answer that breaks off or contradicts itself is a lost connection, what is no completion an invalid answer.
LOST = refused(502, "upstream_connection_error")
INVALID = refused(502, "upstream_invalid_response")
TOO_LARGE = refused(502, "response_too_large")
BROKEN = refused(502, "upstream_connection_error", "upstream_invalid_response")
LATE = refused(504, "gateway_timeout")
COMPLETES = completes()
COMPLETES_SOMEHOW = completes(None)
COMPLETES_OR_IS_LATE = replace(COMPLETES, may_fail=True, statuses=(502, 504))
COMPLETES_OR_IS_LOST = replace(LOST, may_complete=True)

Answer = bytes | tuple[Step, ...] | Script


@dataclass(frozen=True, slots=True)
class Scenario:
    """`answer` makes the hostile answer from the honest answer to the same request.

    `expect` is for every way of asking; if given, `streamed` replaces it for a stream and `as_job` for a job.
    `prompt_bytes` is the size of the request. `part` gives the hostile answer, and all others give honest ones. `by_name`:
    the request has a name of two targets, and this is when the hostile one is asked; None: it has a model's id.
    """

    name: str
    answer: Callable[[Any], Answer]  # of an Honest, or of the one for `part`
    expect: Expectation
    ways: Collection[Way] = way.ALL
    streamed: Expectation | None = None
    as_job: Expectation | None = None
    prompt_bytes: int = 0
    part: Part = Part.BEDROCK
    by_name: Position | None = None

    @property
    def model_name(self) -> Name | None:
        """The model name of the request; None if it has a model's id."""
        return None if self.by_name is None else Name(self.part.uses_converse, self.by_name)

    def script(self, asked: Way) -> Script:
        """The server's actions."""
        answer = self.answer(self._honest(asked))
        if isinstance(answer, Script):
            return answer
        return Script((answer,) if isinstance(answer, bytes) else answer)

    def _honest(self, asked: Way) -> Honest:
        if self.part.checked is not None:
            return HonestCheck()
        return HonestConverse(asked) if self.part is Part.CONVERSE else Honest(asked)

    def expected(self, asked: Way) -> Expectation:
        """The correct outcome for that way of asking."""
        own = {Way.STREAM: self.streamed, Way.JOB: self.as_job}.get(asked)
        return self.expect if own is None else own


def of_content(name: str, content: bytes, expect: Expectation, ways: Collection[Way]) -> Scenario:
    """An answer whose head is honest, and whose body is `content`."""
    return Scenario(name, lambda honest: honest.of(content), expect, ways=ways)
