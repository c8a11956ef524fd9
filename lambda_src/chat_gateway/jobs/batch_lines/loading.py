"""Loads the lines of batches from S3 before a delivery is worked through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from chat_gateway.jobs.lines import JobMessage
from chat_gateway.jobs.outcomes import NotRunError
from resource_items import batch_lines

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from chat_gateway.jobs.batch_lines.open_batches import OpenBatches
    from resource_items.batch_state import BatchState

# Other jobs are within the delivery, which Lambda limits to 6 MB:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_LOADED_BYTES = 6_000_000
# An index of 50,000 lines has 400 KB.
_MAX_INDEXES = 4


class Loaded(NamedTuple):
    """The messages, where those of lines have the lines as their bodies; and by message id, why a line is not run."""

    messages: list[JobMessage]
    not_run: dict[str, NotRunError]


class _Place(NamedTuple):
    """Where a line is: its object, and the offsets of its first byte and of the byte after it."""

    message: JobMessage
    state: BatchState
    start: int
    end: int

    @property
    def size_bytes(self) -> int:
        """At most MAX_LOADED_BYTES: no line that the worker accepts is longer, and a cut one is refused as too large."""
        return min(self.end - self.start, MAX_LOADED_BYTES)


_Found = dict[str, _Place | JobMessage | NotRunError]


@dataclass(frozen=True, slots=True)
class LineLoader:
    """Loads `width` lines at once. Indexes are kept, because a batch's index never changes. Not for several threads."""

    batches: OpenBatches
    s3: S3Client
    bucket: str
    width: int
    _indexes: dict[str, bytes] = field(default_factory=dict)

    def load(self, messages: Sequence[JobMessage]) -> Loaded:
        """Loads the messages that are lines. Never raises: a line that cannot be loaded is not run, or is lost."""
        found = self._found(messages)
        places = [place for place in found.values() if isinstance(place, _Place)]
        with ThreadPoolExecutor(self.width) as pool:
            lines = list(pool.map(self._line, places))
        ends = {**found, **{place.message.id: line for place, line in zip(places, lines, strict=True)}}
        not_run = {id_: end for id_, end in ends.items() if isinstance(end, NotRunError)}
        loaded = {id_: end for id_, end in ends.items() if isinstance(end, JobMessage)}
        return Loaded([loaded.get(message.id, message) for message in messages], not_run)

    def _found(self, messages: Sequence[JobMessage]) -> _Found:
        """By message id, where each line is, the message of a lost line, or why a line is not run."""
        by_batch: dict[str, list[tuple[JobMessage, int]]] = defaultdict(list)
        for message in messages:
            if message.batch_line is not None:
                by_batch[message.batch_line.batch_id].append((message, message.batch_line.number))
        found: _Found = {}
        for batch_id, lines in by_batch.items():
            found |= self._places(batch_id, lines)
        return _within_limit(found)

    def _places(self, batch_id: str, lines: Sequence[tuple[JobMessage, int]]) -> _Found:
        try:
            state = self.batches.require(batch_id)
            index = self._index(batch_id, state)
        except NotRunError as stop:
            return {message.id: stop for message, _ in lines}
        except Exception as fault:  # noqa: BLE001 - a batch that cannot be read must not fail the other jobs
            return {message.id: _not_loaded(fault) for message, _ in lines}
        owned = [(_owned(message, state), number) for message, number in lines]
        return {message.id: _place(message, state, index, number) for message, number in owned}

    def _index(self, batch_id: str, state: BatchState) -> bytes | None:
        """The index; None if it was deleted."""
        if batch_id not in self._indexes:
            try:
                index = self.s3.get_object(Bucket=self.bucket, Key=state.index_key)["Body"].read()
            except self.s3.exceptions.NoSuchKey:
                return None
            if len(self._indexes) >= _MAX_INDEXES:
                del self._indexes[next(iter(self._indexes))]
            self._indexes[batch_id] = index
        return self._indexes[batch_id]

    def _line(self, place: _Place) -> JobMessage | NotRunError:
        """The message with its line."""
        last = place.start + place.size_bytes - 1
        try:
            answer = self.s3.get_object(
                Bucket=self.bucket, Key=place.state.input_key, Range=f"bytes={place.start}-{last}"
            )
            line = answer["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return replace(place.message, is_lost=True)
        except Exception as fault:  # noqa: BLE001 - botocore's errors are many, and other jobs must go on
            return _not_loaded(fault)
        # Bytes that are no UTF-8 stay apart from every text, so that the line is refused.
        return replace(place.message, body=line.rstrip(b"\r\n").decode("utf-8", "surrogateescape"))


def _owned(message: JobMessage, state: BatchState) -> JobMessage:
    return replace(message, client=state.client, names_client=True)


def _place(
    message: JobMessage, state: BatchState, index: bytes | None, number: int
) -> _Place | JobMessage | NotRunError:
    if index is None:
        return replace(message, is_lost=True)
    try:
        return _Place(message, state, *batch_lines.span(index, number))
    except ValueError:
        return NotRunError("no such line", comes_again=False)


def _within_limit(found: _Found) -> _Found:
    left_bytes = MAX_LOADED_BYTES
    for id_, place in found.items():
        if not isinstance(place, _Place):
            continue
        if place.size_bytes > left_bytes:
            found[id_] = NotRunError("no room in this delivery", comes_again=True)
        else:
            left_bytes -= place.size_bytes
    return found


def _not_loaded(fault: Exception) -> NotRunError:
    return NotRunError("not loaded", comes_again=True, fault=fault)
