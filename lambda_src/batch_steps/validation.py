"""Checks all lines of a batch's input, and finds where each begins."""

from __future__ import annotations

import codecs
import hashlib
import json
from array import array
from collections.abc import Iterable
from typing import Any, NamedTuple

from batch_steps import file_lines, line_check
from batch_steps.file_lines import FileLine
from batch_steps.line_check import LineError
from resource_items import batch_lines

# The errors as they stand in an answer of Lambda, which has at most 6 MB:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_ERRORS_BYTES = 5_000_000


class InputLimits(NamedTuple):
    """The limits of a batch's input."""

    max_lines: int
    max_bytes: int
    max_line_bytes: int


class CheckedInput(NamedTuple):
    """What is in a batch's input. If there are `errors`, which are OpenAI's `errors.data`, the batch cannot be run."""

    total_lines: int
    model: str | None  # of all lines; None if they have several
    offsets: bytes  # the index object: see batch_lines.span
    errors: list[dict[str, Any]]


def check(pieces: Iterable[bytes], size_bytes: int, limits: InputLimits, *, endpoint: str) -> CheckedInput:
    """Checks the file that arrives in `pieces`, in memory that grows with the number of its lines only."""
    validation = _Validation(limits, endpoint)
    if size_bytes > limits.max_bytes:
        validation.refuse(
            "file_too_large",
            f"The file has {size_bytes} bytes. A batch's input has at most {limits.max_bytes}.",
        )
        return validation.result()
    for number, line in enumerate(file_lines.lines(pieces, max_bytes=limits.max_line_bytes), start=1):
        if number > limits.max_lines and not validation.may_go_on(number, line):
            break
        validation.add(number, line)
    return validation.result()


class _Validation:
    """The lines that have been checked so far."""

    def __init__(self, limits: InputLimits, endpoint: str) -> None:
        self._limits, self._endpoint = limits, endpoint
        self._offsets = array("Q", [0])
        self._numbers: dict[bytes, int] = {}  # by the hash of the custom_id
        self._models: set[str] = set()
        self._errors: list[dict[str, Any]] = []
        self._bad_count = self._errors_bytes = 0
        self._first_blank: int | None = None  # of the blank lines that may be the file's end

    def refuse(self, code: str, message: str) -> None:
        """Adds an error of the whole file, which replaces those of its lines."""
        self._errors, self._bad_count = [LineError(code, message).document(None)], 1

    def may_go_on(self, number: int, line: FileLine) -> bool:
        """Whether the lines after the last one that is allowed may still be blank ones at the file's end."""
        is_end = _is_blank(line) and number <= 2 * self._limits.max_lines
        if not is_end:
            self.refuse("too_many_lines", f"A batch has at most {self._limits.max_lines} lines.")
        return is_end

    def add(self, number: int, line: FileLine) -> None:
        """Checks the next line."""
        if _is_blank(line):
            self._first_blank = self._first_blank or number
            return
        for blank in range(self._first_blank or number, number):
            self._add_error(blank, LineError("invalid_json_line", "This line is empty."))
        self._first_blank = None
        self._offsets.append(line.end)
        try:
            self._check(number, line)
        except LineError as error:
            self._add_error(number, error)

    def _check(self, number: int, line: FileLine) -> None:
        if line.content is None:
            rule = f"A line has at most {self._limits.max_line_bytes} bytes."
            raise LineError("request_too_large", rule)
        good = line_check.check(line.content, endpoint=self._endpoint)
        first = self._numbers.setdefault(_hash(good.custom_id), number)
        if first != number:
            raise LineError("duplicate_custom_id", f"Line {first} has the same 'custom_id'.", "custom_id")
        if len(self._models) < 2:
            self._models.add(good.model)

    def _add_error(self, number: int, error: LineError) -> None:
        document = error.document(number)
        self._bad_count += 1
        self._errors_bytes += len(
            json.dumps(json.dumps(document))
        )  # Lambda's answer has the body as a string
        if self._errors_bytes <= MAX_ERRORS_BYTES:
            self._errors.append(document)

    def result(self) -> CheckedInput:
        """What was found."""
        if len(self._offsets) == 1 and not self._errors:
            self.refuse("empty_file", "The file has no lines.")
        if (more := self._bad_count - len(self._errors)) > 0:
            self._errors.append(
                LineError("too_many_errors", f"{more} more lines are invalid.").document(None)
            )
        return CheckedInput(
            total_lines=len(self._offsets) - 1,
            model=self._models.pop() if len(self._models) == 1 else None,
            offsets=batch_lines.index(self._offsets),
            errors=self._errors,
        )


def _is_blank(line: FileLine) -> bool:
    """Whether the line has nothing but white space, and the file's byte order mark."""
    if line.content is None:
        return False
    text = line.content if line.start else line.content.removeprefix(codecs.BOM_UTF8)
    return not text.strip()


def _hash(custom_id: str) -> bytes:
    return hashlib.blake2b(custom_id.encode(), digest_size=16).digest()
