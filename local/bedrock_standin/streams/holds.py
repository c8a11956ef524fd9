"""Streams that wait before each event until a test lets one more go."""

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
    """What one id holds back. Streams with the same id share its releases; `sent` counts for all of them."""

    sent: int = 0
    waiting: int = 0
    streams: int = 0
    _allowed: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    def release(self, count: int) -> None:
        """Let `count` more events go; those nobody waits for yet are kept."""
        for _ in range(count):
            self._allowed.release()

    async def wait(self) -> None:
        """Return when one more event may go. Cancelled, it takes nothing."""
        self.waiting += 1
        try:
            await self._allowed.acquire()
        finally:
            self.waiting -= 1


class Holds:
    """Every hold by its id. Lives on one event loop, so it takes no locks."""

    def __init__(self) -> None:
        self._by_id: dict[str, Hold] = {}

    def of(self, id_: str) -> Hold:
        """The hold of this id, made on first use: a release may come before its stream."""
        return self._by_id.setdefault(id_, Hold())

    def state(self, id_: str) -> dict[str, int | bool]:
        """What `GET /_standin/holds/{id}` answers; an id nobody used yet has sent nothing."""
        hold = self._by_id.get(id_, Hold())
        return {"sent": hold.sent, "waiting": hold.waiting > 0}

    def reset(self) -> None:
        """Forget all but the holds of open streams, which could never be released again."""
        self._by_id = {id_: hold for id_, hold in self._by_id.items() if hold.streams}


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
