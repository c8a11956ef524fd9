"""Sending a stream of events, and noticing a client that leaves."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

from local.bedrock_standin.chat_answers.stream_shaping import held, respelled, with_outcome

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import Send

    from local.bedrock_standin.chat_answers.event_sources import Batches
    from local.bedrock_standin.counters import Counters
    from local.bedrock_standin.faults.stream_fault import StreamFault
    from local.bedrock_standin.streams.holds import Holds


class EventStream(StreamingResponse):
    """A source's events as the fault wants them. Stops, and closes its source, when the client leaves."""

    def __init__(self, source: Batches, fault: StreamFault, holds: Holds, counters: Counters) -> None:
        self._writes = _joined(_shaped(source, fault, holds))
        self._counters = counters
        super().__init__(self._writes, media_type="text/event-stream", headers={"cache-control": "no-cache"})

    async def stream_response(self, send: Send) -> None:
        """Send everything. Starlette cancels it when the client leaves."""
        abandoned = False
        self._counters.stream_begins()
        try:
            async with aclosing(self._writes):
                await super().stream_response(send)
        except asyncio.CancelledError:
            abandoned = True
            raise
        finally:
            self._counters.stream_ended(abandoned=abandoned)


def _shaped(source: Batches, fault: StreamFault, holds: Holds) -> Batches:
    batches = with_outcome(source, fault)
    if fault.comments or fault.line_ending != "\n":
        batches = respelled(batches, line_ending=fault.line_ending, comments=fault.comments)
    return batches if fault.hold is None else held(batches, holds.of(fault.hold))


async def _joined(batches: Batches) -> AsyncGenerator[bytes, None]:
    async with aclosing(batches):
        async for batch in batches:
            # uvicorn's `send` lets others run only while the client reads too slowly. Waiting before the write,
            # not after it: nothing then comes between the last event and the end of the body.
            await asyncio.sleep(0)
            yield b"".join(batch)
