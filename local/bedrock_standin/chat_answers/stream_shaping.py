"""What a fault makes of a stream's events. Each stage takes batches and yields batches."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from local.bedrock_standin.chat_answers.answer import DONE, sse
from local.bedrock_standin.chat_answers.error_bodies import error_body
from local.bedrock_standin.faults.fault import FAULT_KEY
from local.bedrock_standin.refusals import ConnectionDroppedError

if TYPE_CHECKING:
    from local.bedrock_standin.chat_answers.event_sources import Batch, Batches
    from local.bedrock_standin.faults.stream_fault import StreamFault
    from local.bedrock_standin.streams.holds import Hold

GARBAGE_EVENT = b"data: {not json\n\n"
_COMMENT = b": comment\n"


async def with_outcome(source: Batches, fault: StreamFault) -> Batches:
    """The source's events and [DONE], with the fault's outcome. Raises ConnectionDroppedError for a cut."""
    async with aclosing(source):
        # Started even where nothing of it is sent: closing it then closes what it reads from.
        events = _Events(source, await anext(source, []))
        error = _error_event(fault)
        left = fault.undisturbed_events()
        while left and (batch := await events.read(left)):
            yield batch
            left -= len(batch)
        if fault.cut_after_events is not None:
            raise ConnectionDroppedError
        if fault.end_after_events is not None:
            return
        if error is not None:
            yield [error]
            return
        if fault.garbage_after_events is not None:
            yield [GARBAGE_EVENT]
        if fault.silent_s is not None:
            await asyncio.sleep(fault.silent_s)
        while batch := await events.read():
            yield batch
        if not fault.without_done:
            yield [DONE]


async def respelled(batches: Batches, *, line_ending: str, comments: bool) -> Batches:
    """The same events with other line ends; `comments`: one before each event, and one inside it."""
    comment = _COMMENT + b"\n" + _COMMENT if comments else b""
    ending = line_ending.encode()
    async with aclosing(batches):
        async for batch in batches:
            yield [(comment + event).replace(b"\n", ending) for event in batch]


async def held(batches: Batches, hold: Hold) -> Batches:
    """One event at a time, each after a release."""
    hold.streams += 1
    try:
        async with aclosing(batches):
            async for batch in batches:
                for event in batch:
                    await hold.wait()
                    yield [event]
                    hold.sent += 1
    finally:
        hold.streams -= 1


class _Events:
    """Reads batches so that one can stop at a certain event."""

    def __init__(self, batches: Batches, first: Batch) -> None:
        self._batches = batches
        self._left = first

    async def read(self, at_most: int | None = None) -> Batch:
        """The next events, `at_most` so many; empty at the end."""
        batch = self._left or await anext(self._batches, [])
        self._left = [] if at_most is None else batch[at_most:]
        return batch[:at_most]


def _error_event(fault: StreamFault) -> bytes | None:
    if fault.error_event_first is not None:
        return sse({"error": fault.error_event_first.model_dump(exclude_unset=True)})
    if fault.error_event_after is not None:
        return sse(error_body(500, f"Asked for by {FAULT_KEY}."))
    return None
