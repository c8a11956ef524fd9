"""One hostile answer, and what the caller may get for it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from tests.hostile_upstream import honest, way
from tests.hostile_upstream.honest import Honest
from tests.hostile_upstream.script import Script, Step
from tests.hostile_upstream.way import Way

_ERRORS = range(400, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Which ends are right.

    `statuses` and `codes` are of an error; codes None: whichever. `words` are of a completion; None: whichever.
    """

    may_complete: bool
    may_fail: bool
    statuses: Collection[int] = _ERRORS
    codes: Collection[str | None] | None = None
    words: str | None = honest.WORDS


COMPLETES = Expectation(may_complete=True, may_fail=False)
COMPLETES_SOMEHOW = Expectation(may_complete=True, may_fail=False, words=None)
EITHER = Expectation(may_complete=True, may_fail=True, words=None)


def refused(status: int | Collection[int] = _ERRORS, *codes: str | None) -> Expectation:
    """An error of that status, with one of the codes; without codes, whichever."""
    statuses = (status,) if isinstance(status, int) else status
    return Expectation(may_complete=False, may_fail=True, statuses=statuses, codes=codes or None)


# An answer that breaks off or contradicts itself is a lost connection, what is no completion an invalid answer.
LOST = refused(502, "upstream_connection_error")
INVALID = refused(502, "upstream_invalid_response")
BROKEN = refused(502, "upstream_connection_error", "upstream_invalid_response")
LATE = refused(504, "gateway_timeout")

Answer = bytes | tuple[Step, ...] | Script


@dataclass(frozen=True, slots=True)
class Scenario:
    """`answer` makes what is sent from the honest answer to the same request.

    `expect` holds for every way of asking, but where `streamed` is given, that holds for a stream.
    """

    name: str
    answer: Callable[[Honest], Answer]
    expect: Expectation
    ways: Collection[Way] = way.ALL
    streamed: Expectation | None = None

    def script(self, asked: Way) -> Script:
        """What the server does."""
        answer = self.answer(Honest(asked))
        if isinstance(answer, Script):
            return answer
        return Script((answer,) if isinstance(answer, bytes) else answer)

    def expected(self, asked: Way) -> Expectation:
        """What is right for that way of asking."""
        return self.streamed if asked is Way.STREAM and self.streamed is not None else self.expect
