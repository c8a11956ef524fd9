"""A batch's items are read as they were written, and nothing else is read as one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_items import batch_item, batch_lines, batch_state
from resource_items.batch_item import Batch
from resource_items.batch_lines import Line
from resource_items.batch_state import BatchState
from resource_items.table import UnreadableItemError

NOW = 1_790_000_000.5
STATE = {
    **batch_state.key("batch_1"),
    "client": {"S": "team-a"},
    "status": {"S": "in_progress"},
    "deadline": {"N": "1790086400"},
    "input_key": {"S": "files/team-a/file-1"},
    "index_key": {"S": "batches/batch_1/index"},
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=5,
)


@pytest.mark.parametrize("metadata", [None, {}, {"team": "\u00fc", "x": ""}])
@pytest.mark.parametrize("output_kept_s", [None, 3600])
def test_a_batch_is_read_as_written(metadata: dict[str, str] | None, output_kept_s: int | None) -> None:
    """A batch's item holds all of the batch."""
    batch = Batch.new(
        "team-a",
        endpoint="/v1/chat/completions",
        input_file_id="file-1",
        now_s=NOW,
        metadata=metadata,
        output_kept_s=output_kept_s,
    )
    assert Batch.read(batch.item()) == batch
    assert batch.document()["expires_at"] == batch.created_at + 86_400
    assert batch_item.key("team-a", batch.id).items() <= batch.item().items()


def test_a_new_batch() -> None:
    """It is being validated. Its two items are deleted at the same time."""
    batch = Batch.new("team-a", endpoint="/v1/chat/completions", input_file_id="file-1", now_s=NOW)
    item = batch_state.new(batch, "files/team-a/file-1")
    state = BatchState.read(item)
    assert (state.client, state.status, state.deadline) == ("team-a", "validating", batch.deadline)
    assert item["expires_at"] == batch.item()["expires_at"]


def test_a_state_without_lines() -> None:
    """Until the lines have been checked, there are none."""
    assert BatchState.read(STATE).total_lines == 0
    assert BatchState.read({**STATE, "total_lines": {"N": "7"}}).total_lines == 7


@pytest.mark.parametrize("name", ["client", "status", "deadline", "input_key", "index_key"])
def test_a_state_without_an_attribute(name: str) -> None:
    """An item that lacks an attribute is no state."""
    with pytest.raises(UnreadableItemError, match=name):
        BatchState.read({key: value for key, value in STATE.items() if key != name})


@pytest.mark.parametrize("status", [*batch_state.OPEN, *batch_state.FINAL])
def test_when_lines_run(status: str) -> None:
    """Lines run only while the batch is in progress, and only before its deadline."""
    state = BatchState.read(STATE)._replace(status=status)
    assert state.runs_lines(state.deadline - 0.1) is (status == "in_progress")
    assert not state.runs_lines(state.deadline)


@given(st.integers(1, 10_000_000))
def test_a_line_is_read_from_its_message(number: int) -> None:
    """The message of a line names the line, and is no message of a step."""
    line = Line("batch_019abc", number)
    assert batch_lines.from_message(line.message()) == line
    assert batch_lines.batch_of_step(batch_lines.step_message("batch_019abc")) == "batch_019abc"


@given(st.text() | json_values.map(json.dumps) | st.just('{"batch": "a b", "line": 1}'))
def test_other_texts_are_no_messages(text: str) -> None:
    """Any other text raises ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own error is one
        batch_lines.from_message(text)
    with pytest.raises(ValueError):  # noqa: PT011
        batch_lines.batch_of_step(text)


@pytest.mark.parametrize("line", ["0", "-1", "1.0", "true", '"1"', "null", "1e3"])
def test_bad_line_numbers(line: str) -> None:
    """A line's number is a whole number from 1."""
    with pytest.raises(ValueError, match="not the message of a line"):
        batch_lines.from_message(f'{{"batch": "batch_1", "line": {line}}}')


@pytest.mark.parametrize("batch", ['"file-1"', '"team-a"', '"batch_é"', "1", "null", '["batch_1"]'])
def test_other_ids_are_no_batches(batch: str) -> None:
    """A line belongs to a batch, and to nothing else that has an id."""
    with pytest.raises(ValueError, match="not the message of a line"):
        batch_lines.from_message(f'{{"batch": {batch}, "line": 1}}')


@given(st.integers(1, 1000))
def test_chunks_hold_every_line_once(total: int) -> None:
    """The chunks have all lines, in order, and each line knows its chunk."""
    chunks = [batch_lines.lines_of_chunk(chunk, total) for chunk in range(batch_lines.chunk_count(total))]
    assert [number for chunk in chunks for number in chunk] == list(range(1, total + 1))
    assert all(Line("b", number).chunk == i for i, chunk in enumerate(chunks) for number in chunk)


def test_a_full_chunk() -> None:
    """A chunk is full when each of its lines is in one of its two sets."""
    item = {"completed": {"NS": ["101", "103"]}}
    assert not batch_lines.is_full(item, 1, total_lines=103)
    assert batch_lines.is_full({**item, "failed": {"NS": ["102"]}}, 1, total_lines=103)
    assert batch_lines.chunk_key("b", 17)["id"] == {"S": "chunk#00000017"}


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=20), st.integers(-2, 25))
def test_the_index_finds_each_line(lines: list[bytes], number: int) -> None:
    """The index has the bytes of each line. Other numbers raise ValueError."""
    offsets = [sum(map(len, lines[:count])) for count in range(len(lines) + 1)]
    index = batch_lines.index(offsets)
    if 1 <= number <= len(lines):
        first, end = batch_lines.span(index, number)
        assert b"".join(lines)[first:end] == lines[number - 1]
    else:
        with pytest.raises(ValueError, match="no such line"):
            batch_lines.span(index, number)
