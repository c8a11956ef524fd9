"""A batch's files are gone through in memory that does not grow with their size."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from batch_steps import assembly, file_parts, validation
from batch_steps.progress import FileProgress, Progress
from batch_steps.result_lines import ResultLine
from batch_steps.validation import InputLimits
from client_usage.usage import Usage
from tests.unit.batch_steps.input_lines import ENDPOINT, line

MIB = 1024 * 1024
LINE_BYTES, PIECE_BYTES = 20_000, MIB


def pieces(lines: int) -> Iterator[bytes]:
    """A file of long lines, as S3 sends it."""
    held, body = b"", {**line()["body"], "user": "x" * LINE_BYTES}
    for number in range(lines):
        held += json.dumps(line(f"id-{number}", body=body)).encode() + b"\n"
        if len(held) >= PIECE_BYTES:
            yield held
            held = b""
    yield held


def test_checking() -> None:
    """A file of 40 MB is checked in a tenth of that."""
    limits = InputLimits(max_lines=50_000, max_bytes=200 * MIB, max_line_bytes=4 * MIB)
    tracemalloc.start()
    try:
        found = validation.check(pieces(2000), 40 * MIB, limits, endpoint=ENDPOINT)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.total_lines, found.errors) == (2000, [])
    assert peak_bytes < 6 * MIB


class FakeObject:
    """An object in parts, which keeps their sizes only."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def begin(self) -> str:
        return "upload"

    def send(self, upload_id: str, number: int, content: bytes) -> None:
        assert number == len(self.sizes) + 1
        self.sizes.append(len(content))

    def complete(self, upload_id: str, number: int, last: bytes) -> None:
        self.send(upload_id, number, last)


class FakeClaim:
    """A claim that keeps nothing."""

    progress = cast("Progress", SimpleNamespace(usage=Usage(), state=SimpleNamespace(owner="team-a")))

    def save(self, values: dict[str, Any]) -> None:
        pass


def test_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of results is sent in parts of one size, whatever the size of the file."""
    monkeypatch.setattr(file_parts, "PART_BYTES", 100_000)
    sent = FakeObject()
    file = assembly._FileInProgress(
        cast("Any", FakeClaim()), lambda _: cast("Any", sent), FileProgress(kind="output", file_id="file-1")
    )
    for number in range(1, 501):
        file.pass_by(ResultLine(number, "x" * 2999, is_success=True))
    file.end()
    assert all(100_000 <= size < 103_000 for size in sent.sizes[:-1])
    assert sum(sent.sizes) == 500 * 3000
