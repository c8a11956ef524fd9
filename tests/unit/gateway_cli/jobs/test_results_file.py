"""The file has each result once, complete lines only, and nothing but results."""

from __future__ import annotations

import errno
import json
import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_cli.jobs import result_line
from gateway_cli.jobs.result_line import NotAResultError, ResultLine
from gateway_cli.jobs.results_file import ResultsFile, ResultsFileError, Verdict
from tests.unit.gateway_cli.jobs.batch_lines import result, write

NEW, REPEAT, CONFLICT = Verdict.NEW, Verdict.REPEAT, Verdict.CONFLICT


def line(number: int, text: str = "Hello") -> ResultLine:
    return result_line.parse(result(number, text).encode())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def test_repeats_are_left_out(path: Path) -> None:
    """Repeated lines are left out within a batch, between batches and between runs."""
    with ResultsFile(path) as file:
        assert file.keep([line(1), line(2), line(1)]) == [NEW, NEW, REPEAT]
        assert file.keep([line(2), line(3)]) == [REPEAT, NEW]
    with ResultsFile(path) as file:
        assert file.keep([line(3), line(4)]) == [REPEAT, NEW]
        assert file.count() == 4
    assert path.read_text().splitlines() == [result(number) for number in (1, 2, 3, 4)]


def test_two_lines_with_one_id_are_set_aside(path: Path) -> None:
    """Two different lines with one ID are both set aside, and the first stays in the file."""
    with ResultsFile(path) as file:
        assert file.keep([line(1), line(2, "one"), line(2, "two")]) == [NEW, NEW, CONFLICT]
        assert file.keep([line(1, "other")]) == [CONFLICT]
        aside = file.conflicts_path.read_text().splitlines()
    assert aside == [result(2, "one"), result(2, "two"), result(1), result(1, "other")]
    assert path.read_text().splitlines() == [result(1), result(2, "one")]


@given(st.integers(min_value=1, max_value=len(result(2))))
def test_half_written_line_is_cut_off(size: int) -> None:
    """A line that a killed run left half written is cut off, wherever the run stopped writing."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "out.jsonl"
        path.write_bytes(result(1).encode() + b"\n" + result(2).encode()[:size])
        with ResultsFile(path) as file:
            is_whole = size == len(result(2))
            assert file.torn_bytes == (0 if is_whole else size)
            assert file.keep([line(2), line(3)]) == [REPEAT if is_whole else NEW, NEW]
        assert path.read_text().splitlines() == [result(number) for number in (1, 2, 3)]


@pytest.mark.parametrize(
    "content", ["Dear diary\n", "Dear diary", "{}\n", '{"id": 1}\n', '{"id": "unfinished\n']
)
def test_a_file_of_something_else_is_left_as_it_is(path: Path, content: str) -> None:
    path.write_text(result(1) + "\n" + content)
    with pytest.raises(ResultsFileError, match="line 2"):
        ResultsFile(path)
    assert path.read_text() == result(1) + "\n" + content


def test_only_one_process_writes_at_a_time(path: Path) -> None:
    with ResultsFile(path), pytest.raises(ResultsFileError, match="in use"):
        ResultsFile(path)


def test_unsynced_line_does_not_stay(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that was not made durable is cut off and not counted, and no later line is written."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with ResultsFile(path) as file:
        file.keep([line(1)])
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(OSError, match=r"No space left on device: '.*out\.jsonl'"):
                file.keep([line(2)])
        with pytest.raises(OSError, match="No space left"):
            file.keep([line(2)])
        assert file.count() == 1
    assert path.read_text() == result(1) + "\n"


@pytest.mark.parametrize("begins", [b"", b'{"id": "batch_req_1'])
def test_line_longer_than_any_result_is_refused(path: Path, begins: bytes) -> None:
    """A file with a line over 64 MiB is not a results file, and does not change."""
    path.write_bytes(begins)
    os.truncate(path, 70 * 1024 * 1024)
    with pytest.raises(ResultsFileError, match="line 1 is longer than 64 MiB"):
        ResultsFile(path)
    assert path.stat().st_size == 70 * 1024 * 1024


def test_result_that_grows_beyond_the_limit_is_none() -> None:
    """A result's size is measured as written: on one line, and escaped."""
    raw = b'{"id": "1",\n"a": "' + "é".encode() * (12 * 1024 * 1024) + b'"}'
    with pytest.raises(NotAResultError, match="longer than 64 MiB"):
        result_line.parse(raw)


def test_lines_of_a_file_that_were_made_elsewhere_are_known(path: Path) -> None:
    write(path, ["", result(1), result(2, "é")])
    with ResultsFile(path) as file:
        assert [found.custom_id for found in file.lines()] == ["job-1", "job-2"]
        assert file.keep([line(1), line(2, "é")]) == [REPEAT, REPEAT]


@given(st.binary())
def test_no_bytes_do_anything_but_pass_or_be_no_result(raw: bytes) -> None:
    with suppress(NotAResultError):
        result_line.parse(raw)


def test_a_result_over_several_lines_becomes_one() -> None:
    raw = json.dumps(json.loads(result(1)), indent=1).encode()
    assert result_line.parse(raw).raw == result(1).encode()
