"""How a fault changes a stream's events. Each stage takes batches and yields batches."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from local.bedrock_standin.chat_answers.encoding import DONE, sse
from local.bedrock_standin.chat_answers.error_bodies import error_body
from local.bedrock_standin.faults.fault import FAULT_KEY
from local.bedrock_standin.refusals import ConnectionDroppedError
from local.bedrock_standin.streams.holds import held
from local.bedrock_standin.streams.reader import EventReader

if TYPE_CHECKING:
    from local.bedrock_standin.faults.stream_fault import StreamFault
    from local.bedrock_standin.streams.event_stream import Batches
    from local.bedrock_standin.streams.holds import Holds

GARBAGE_EVENT = b"data: {not json\n\n"
_COMMENT = b": comment\n"


def shaped(source: Batches, fault: StreamFault, holds: Holds) -> Batches:
    """The source's events and [DONE], changed by the fault. Raises ConnectionDroppedError for a cut."""
    batches = with_outcome(source, fault)
    if fault.comments or fault.line_ending != "\n":
        batches = respelled(batches, line_ending=fault.line_ending, comments=fault.comments)
    return batches if fault.hold is None else held(batches, holds.of(fault.hold))


async def with_outcome(source: Batches, fault: StreamFault) -> Batches:
    """The source's events and [DONE], with the fault's outcome. Raises ConnectionDroppedError for a cut."""
    async with aclosing(source):
        # The source is started even if nothing of it is sent, so that closing it also closes its own source.
        events = EventReader(source, await anext(source, []))
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
    """The same events with other line ends. With `comments`, one comment before each event and one inside it."""
    comment = _COMMENT + b"\n" + _COMMENT if comments else b""
    ending = line_ending.encode()
    async with aclosing(batches):
        async for batch in batches:
            yield [(comment + event).replace(b"\n", ending) for event in batch]


def _error_event(fault: StreamFault) -> bytes | None:
    if fault.error_event_first is not None:
        return sse({"error": fault.error_event_first.model_dump(exclude_unset=True)})
    if fault.error_event_after is not None:
        return sse(error_body(500, f"Asked for by {FAULT_KEY}."))
    return None
