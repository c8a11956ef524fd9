"""Goes through a batch's lines, and makes the result of each: its answer, or an error where it has none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from batch_steps import answers
from batch_steps.answers import Answers
from batch_steps.batch_table import SKEW_S
from batch_steps.input_file import InputFiles
from batch_steps.progress import Progress
from client_usage.usage import Usage, usage_of
from resource_items.batch_lines import Line
from resource_items.batch_state import CANCELLED, COMPLETED, EXPIRED

# What a line without an answer gets, by the batch's end. A cancelled batch has only what was answered.
# https://platform.openai.com/docs/guides/batch (batch expiration)
_UNANSWERED: Mapping[str, tuple[str, str] | None] = {
    COMPLETED: ("internal_error", "The gateway lost the answer to this line."),
    EXPIRED: ("batch_expired", "This request could not be executed before the completion window expired."),
    CANCELLED: None,
}


class LineInProgressError(Exception):
    """A worker may have a line until `until_s` (epoch seconds)."""

    def __init__(self, until_s: float) -> None:
        super().__init__()
        self.until_s = until_s


class OutOfTimeError(Exception):
    """The step has no time for more lines."""


class ResultLine(NamedTuple):
    """The result of a line of input."""

    number: int
    text: str | None  # as a line of a file, without a line break; None: the line has no result
    is_success: bool = False
    usage: Usage | None = None


class ResultLines:
    """The results of a batch that ends as `end`. `clock` is in epoch seconds."""

    def __init__(
        self,
        progress: Progress,
        end: str,
        *,
        answers: Answers,
        inputs: InputFiles,
        clock: Callable[[], float],
        has_time: Callable[[], bool],
    ) -> None:
        self._batch_id, self._state, self._end = progress.batch_id, progress.state, end
        self._answers, self._inputs, self._clock, self._has_time = answers, inputs, clock, has_time

    def after(self, number: int, *, has_errors: bool) -> Iterator[ResultLine]:
        """The results of the lines after `number`, in order. Raises LineInProgressError and OutOfTimeError.

        Without `has_errors`, a line without an answer has no result.
        """
        total = self._state.total_lines
        for first in range(number + 1, total + 1, answers.MAX_KEYS):
            if not self._has_time():
                raise OutOfTimeError
            yield from self._results(range(first, min(first + answers.MAX_KEYS, total + 1)), has_errors)

    def _results(self, numbers: range, has_errors: bool) -> Iterator[ResultLine]:
        records = self._answers.records([Line(self._batch_id, number) for number in numbers])
        missing = [number for number in numbers if not records[number].is_answered]
        unanswered = self._errors(missing) if has_errors else {}
        for number, record in records.items():
            if record.is_answered:
                yield _answered(number, self._answers.text(record))
            elif record.leased_until + SKEW_S > self._clock():
                raise LineInProgressError(record.leased_until + SKEW_S)
            else:
                yield ResultLine(number, unanswered.get(number))

    def _errors(self, numbers: list[int]) -> dict[int, str]:
        """What lines without an answer get."""
        reason = _UNANSWERED[self._end]
        if reason is None or not numbers:
            return {}
        custom_ids = self._inputs.custom_ids(self._state, self._offsets, numbers)
        return {number: self._error(number, custom_ids[number], *reason) for number in numbers}

    def _error(self, number: int, custom_id: str | None, code: str, message: str) -> str:
        return json.dumps(
            {
                "id": f"batch_req_{Line(self._batch_id, number).job_key}",
                "custom_id": custom_id,
                "response": None,
                "error": {"code": code, "message": message},
            }
        )

    @cached_property
    def _offsets(self) -> bytes:
        return self._inputs.offsets(self._state)


def _answered(number: int, text: str) -> ResultLine:
    document: dict[str, Any] = json.loads(text)
    response = document.get("response") or {}
    is_success = 200 <= (response.get("status_code") or 0) < 300
    usage = usage_of((response.get("body") or {}).get("usage")) if is_success else None
    return ResultLine(number, text, is_success, usage)
