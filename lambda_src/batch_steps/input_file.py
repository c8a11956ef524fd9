"""Reads the input of a batch, and writes what was found in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from batch_steps import file_lines, line_check, validation
from batch_steps.line_check import LineError
from batch_steps.validation import CheckedInput, InputLimits
from resource_items import batch_lines, batch_state

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from resource_items.batch_state import BatchState

_PIECE_BYTES = 1024 * 1024


class InputFiles(NamedTuple):
    """The bucket of files. Methods raise botocore's errors."""

    s3: S3Client
    bucket: str
    limits: InputLimits

    def check(self, state: BatchState, *, endpoint: str) -> CheckedInput:
        """Checks the batch's input. A file that was deleted has an error."""
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=state.input_key)
        except self.s3.exceptions.NoSuchKey:
            return _without_file()
        pieces = answer["Body"].iter_chunks(_PIECE_BYTES)
        return validation.check(pieces, answer["ContentLength"], self.limits, endpoint=endpoint)

    def put_index(self, state: BatchState, offsets: bytes) -> None:
        """Writes where each line begins."""
        self.s3.put_object(Bucket=self.bucket, Key=state.index_key, Body=offsets)

    def put_errors(self, batch_id: str, errors: list[dict[str, Any]]) -> None:
        """Writes OpenAI's `errors.data`."""
        key = batch_state.errors_key(batch_id)
        self.s3.put_object(
            Bucket=self.bucket, Key=key, Body=json.dumps(errors), ContentType="application/json"
        )

    def offsets(self, state: BatchState) -> bytes:
        """Where each line begins: see batch_lines.span. Empty if the index was deleted."""
        try:
            return self.s3.get_object(Bucket=self.bucket, Key=state.index_key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return b""

    def custom_ids(self, state: BatchState, offsets: bytes, numbers: Sequence[int]) -> dict[int, str | None]:
        """The `custom_id` of each of these lines, which are in order. None if the file or its index was deleted."""
        found: dict[int, str | None] = dict.fromkeys(numbers)
        if not offsets:
            return found
        first, _ = batch_lines.span(offsets, numbers[0])
        _, end = batch_lines.span(offsets, numbers[-1])
        pieces = self._range(state.input_key, first, end)
        lines = file_lines.lines(pieces, max_bytes=self.limits.max_line_bytes)
        for number, line in enumerate(lines, start=numbers[0]):
            if number in found and line.content is not None:
                found[number] = line_check.custom_id_of(line.content)
        return found

    def _range(self, key: str, first: int, end: int) -> Iterator[bytes]:
        try:
            answer = self.s3.get_object(Bucket=self.bucket, Key=key, Range=f"bytes={first}-{end - 1}")
        except self.s3.exceptions.NoSuchKey:
            return
        yield from answer["Body"].iter_chunks(_PIECE_BYTES)


def _without_file() -> CheckedInput:
    error = LineError("invalid_request", "The input file no longer exists.", "input_file_id")
    return CheckedInput(total_lines=0, model=None, offsets=b"", errors=[error.document(None)])
