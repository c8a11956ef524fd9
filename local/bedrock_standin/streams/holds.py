"""Holds: a held stream waits before each event until a test releases one more event."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.bedrock_standin.streams.event_stream import Batches

MAX_RELEASED_AT_ONCE = 1_000_000


@dataclass(slots=True)
class Hold:
    """The hold of one id. Streams with the same id share its releases. `sent` counts the events of all of them."""

    sent: int = 0
    waiting: int = 0
    streams: int = 0
    _allowed: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    def release(self, count: int) -> None:
        """Releases `count` more events. Releases that no stream waits for are kept."""
        for _ in range(count):
            self._allowed.release()

    async def wait(self) -> None:
        """Returns when one more event is released. A cancelled call uses no release."""
        self.waiting += 1
        try:
            await self._allowed.acquire()
        finally:
            self.waiting -= 1


class Holds:
    """All holds by id. Used on one event loop only, so it needs no locks."""

    def __init__(self) -> None:
        self._by_id: dict[str, Hold] = {}

    def of(self, id_: str) -> Hold:
        """The hold of this id. It is created on first use, because a release may come before its stream."""
        return self._by_id.setdefault(id_, Hold())

    def state(self, id_: str) -> dict[str, int | bool]:
        """The answer of `GET /_standin/holds/{id}`. An unused id has sent nothing."""
        hold = self._by_id.get(id_, Hold())
        return {"sent": hold.sent, "waiting": hold.waiting > 0}

    def reset(self) -> None:
        """Removes all holds except those of open streams, which could otherwise never be released."""
        self._by_id = {id_: hold for id_, hold in self._by_id.items() if hold.streams}


async def held(batches: Batches, hold: Hold) -> Batches:
    """The events one by one, each after a release."""
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
