"""Sends a stream of events, and notices when the client leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from starlette.responses import StreamingResponse

if TYPE_CHECKING:
    from starlette.types import Send

    from local.bedrock_standin.counters import Counters

Batch = list[bytes]  # events that are available together, and so are written together
Batches = AsyncGenerator[Batch, None]


class EventStream(StreamingResponse):
    """A stream of events. When the client leaves, it stops and closes the source of the events."""

    def __init__(self, batches: Batches, counters: Counters, *, media_type: str) -> None:
        self._writes = _joined(batches)
        self._counters = counters
        super().__init__(self._writes, media_type=media_type, headers={"cache-control": "no-cache"})

    async def stream_response(self, send: Send) -> None:
        """Sends everything. Starlette cancels it when the client leaves."""
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


async def _joined(batches: Batches) -> AsyncGenerator[bytes, None]:
    async with aclosing(batches):
        async for batch in batches:
            # uvicorn's `send` lets other tasks run only if the client reads too slowly. Yield before the write, so that
            # nothing runs between the last event and the end of the body.
            await asyncio.sleep(0)
            yield b"".join(batch)
