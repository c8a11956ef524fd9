"""Frames of a stream's events, and how a fault changes them."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from local.bedrock_standin.converse_answers.frames import (
    error_frame,
    event_frame,
    exception_frame,
    with_wrong_checksum,
)
from local.bedrock_standin.refusals import ConnectionDroppedError
from local.bedrock_standin.streams.holds import held
from local.bedrock_standin.streams.reader import EventReader

if TYPE_CHECKING:
    from local.bedrock_standin.converse_answers.events import Events
    from local.bedrock_standin.faults.converse_fault import ConverseFault
    from local.bedrock_standin.streams.event_stream import Batch, Batches
    from local.bedrock_standin.streams.holds import Holds

GARBAGE = b"\x00\x00\x00\x10garbage, not a frame"


def shaped(source: Events, fault: ConverseFault, holds: Holds) -> Batches:
    """The source's events as frames, changed by the fault. Raises ConnectionDroppedError for a cut."""
    batches = _with_outcome(_encoded(source, _left_out(fault)), fault)
    return batches if fault.hold is None else held(batches, holds.of(fault.hold))


def _left_out(fault: ConverseFault) -> frozenset[str]:
    names = {"messageStop": fault.without_message_stop, "metadata": fault.without_metadata}
    return frozenset(name for name, is_left_out in names.items() if is_left_out or fault.without_done)


async def _encoded(source: Events, left_out: frozenset[str]) -> Batches:
    async with aclosing(source):
        async for batch in source:
            if frames := [event_frame(*event) for event in batch if event.name not in left_out]:
                yield frames


async def _with_outcome(frames: Batches, fault: ConverseFault) -> Batches:
    async with aclosing(frames):
        # The source is started even if nothing of it is sent, so that closing it also closes its own source.
        events = EventReader(frames, await anext(frames, []))
        left = _undisturbed(fault)
        while left and (batch := await events.read(left)):
            yield batch
            left -= len(batch)
        if fault.cut_after_events is not None:
            raise ConnectionDroppedError
        ending = _ending(fault)
        if ending is not None:
            yield ending
            return
        if fault.end_inside_event is not None:
            yield [frame[: len(frame) // 2] for frame in await events.read(1)]
            return
        async for batch in _continued(events, fault):
            yield batch


async def _continued(events: EventReader[bytes], fault: ConverseFault) -> Batches:
    """The other events, after what disturbs them."""
    if fault.garbage_after_events is not None:
        yield [GARBAGE]
    if fault.wrong_checksum is not None:
        yield [with_wrong_checksum(frame, fault.wrong_checksum.part) for frame in await events.read(1)]
    if fault.silent_s is not None:
        await asyncio.sleep(fault.silent_s)
    while batch := await events.read():
        yield batch


def _undisturbed(fault: ConverseFault) -> int:
    """The number of events before the outcome."""
    if fault.exception is not None or fault.error_message is not None:
        return fault.exception_after_events
    if fault.wrong_checksum is not None:
        return fault.wrong_checksum.event
    return fault.end_inside_event or fault.undisturbed_events()


def _ending(fault: ConverseFault) -> Batch | None:
    """What ends the stream after the undisturbed events; None if the stream goes on."""
    if fault.end_after_events is not None:
        return []
    if fault.exception is not None:
        return [exception_frame(fault.exception.type, fault.exception.payload())]
    if fault.error_message is not None:
        return [error_frame(fault.error_message.code, fault.error_message.message)]
    if fault.error_event_first is not None:
        return [exception_frame("internalServerException", {"message": fault.error_event_first.message})]
    if fault.error_event_after is not None:
        return [exception_frame("internalServerException", {"message": fault.message})]
    return None
