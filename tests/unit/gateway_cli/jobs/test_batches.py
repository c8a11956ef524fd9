"""Batches are as large as SQS accepts, and no larger."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway_cli.jobs.batches import batches
from gateway_cli.jobs.sending import Message

SIZES = st.lists(st.sampled_from([1, 100_000, 150_000, 1_048_575, 1_048_576]), max_size=40)


@given(SIZES)
def test_batches_are_within_limits_and_full(sizes: list[int]) -> None:
    """Batches hold all messages in order within both limits, and no batch has room for the next message."""
    messages = [Message(number, "x" * size) for number, size in enumerate(sizes)]
    made = list(batches(messages))
    assert [message for batch in made for message in batch] == messages
    totals = [sum(message.size_bytes for message in batch) for batch in made]
    assert all(1 <= len(batch) <= 10 for batch in made)
    assert all(total <= 1_048_576 for total in totals)
    for batch, total, following in zip(made, totals, made[1:], strict=False):
        assert len(batch) == 10 or total + following[0].size_bytes > 1_048_576


def test_attributes_and_bytes_count_and_not_characters() -> None:
    message = Message(1, "é", {"name": {"DataType": "String", "StringValue": "four"}})
    assert message.size_bytes == 2 + 4 + 6 + 4
