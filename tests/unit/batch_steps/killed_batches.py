"""Batches whose steps are killed, and what must be true of them afterwards."""

from __future__ import annotations

from collections.abc import Callable

from resource_items import batch_lines
from resource_items.batch_item import Batch
from resource_items.batch_state import CANCELLED, COMPLETED, EXPIRED
from tests.unit.batch_steps.batch_world import BatchWorld

ENDS = (COMPLETED, CANCELLED, EXPIRED)
_LINES, _PER_MINUTE = 14, 11
# In a batch that is stopped, the lines after this one are not run.
_LAST_RUN = 9


def check_one(world: BatchWorld, end: str, kills: Callable[[int], bool]) -> int:
    """Lets a batch end as `end` while its steps are killed, and checks it. Returns the number of writes."""
    world.paid.clear()
    world.client(requests_per_minute=_PER_MINUTE)
    last = _LINES if end == COMPLETED else _LAST_RUN
    world.worker = lambda number: None if number > last else 400 if number % 3 == 0 else 200
    batch = world.of(_LINES)
    if end != COMPLETED:
        _stop(world, batch, end)
    # A message that comes in between makes a second chain of steps.
    world.sqs.put(batch_lines.step_message(batch.id), 2)
    world.killer.kills, world.killer.writes = kills, 0
    world.run()
    world.killer.kills = lambda _: False
    _check(world, batch, end, last)
    return world.killer.writes


def _stop(world: BatchWorld, batch: Batch, end: str) -> None:
    """Runs some of the lines. Then the caller cancels the batch, or the deadline comes."""
    world.step_until_sent(batch)
    world.work()
    if end == CANCELLED:
        world.set_status(batch, "cancelling")
    else:
        world.now = batch.deadline


def _check(world: BatchWorld, batch: Batch, end: str, last: int) -> None:
    """Each line that was run was paid for once, and is in one file; the counts are those of the files."""
    assert world.paid == list(range(1, last + 1))
    answered = [number for number in range(1, last + 1) if number % 3]
    failed = [number for number in range(1, last + 1) if number % 3 == 0]
    if end == EXPIRED:
        failed += range(last + 1, _LINES + 1)
    assert world.custom_ids(batch, "output") == [f"id-{number}" for number in answered]
    assert world.custom_ids(batch, "error") == [f"id-{number}" for number in failed]
    state = world.state(batch)
    assert (state["status"], state.get("lease_owner")) == (end, None)
    assert (state["completed_lines"], state["failed_lines"]) == (str(len(answered)), str(len(failed)))
    assert state["prompt_tokens"] == str(10 * len(answered))
    assert f"{end}_at" in state
