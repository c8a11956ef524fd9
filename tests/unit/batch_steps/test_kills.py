"""A step may be killed after any of its calls of AWS: the batch goes on, and nothing is answered or counted twice."""

from __future__ import annotations

import pytest

from resource_items import batch_lines
from resource_items.batch_item import Batch
from tests.unit.batch_steps import batch_world
from tests.unit.batch_steps.batch_world import BatchWorld

LINES = 14


def test_killed_after_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever call is the last one of a killed step, the batch has the same results and counts."""
    with batch_world.fresh(monkeypatch) as world:
        world.client(requests_per_minute=11)
        world.worker = lambda number: 400 if number % 3 == 0 else 200
        world.killer.at = 0
        _check(world, _ended(world, "completed"))
        calls = world.killer.count
        assert calls > 40
        for world.killer.at in range(1, calls + 1):
            world.killer.count = 0
            _check(world, _ended(world, "completed"))


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_killed_at_another_end(monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """The same holds for a batch that is cancelled, or that expires."""
    with batch_world.fresh(monkeypatch) as world:
        world.worker = lambda number: None if number > 9 else 400 if number % 3 == 0 else 200
        for at in range(1, 1000):
            world.killer.at = -1
            batch = world.of(LINES)
            world.step_until_sent(batch)
            world.work()
            if end == "cancelled":
                world.set_status(batch, "cancelling")
            world.now = batch.deadline + (0 if end == "expired" else -3600)
            world.killer.at, world.killer.count = at, 0
            world.run()
            unrun = [] if end == "cancelled" else list(range(10, LINES + 1))
            _check_end(world, batch, end, [*range(3, 10, 3), *unrun])
            if world.killer.count < at:
                return
        pytest.fail("the calls do not end")


def _ended(world: BatchWorld, status: str) -> Batch:
    """A batch that has ended. A message that came in between has made a second chain of steps."""
    world.paid.clear()
    batch = world.of(LINES)
    world.sqs.put(batch_lines.step_message(batch.id), 2)
    world.run()
    assert world.state(batch)["status"] == status
    return batch


def _check(world: BatchWorld, batch: Batch) -> None:
    assert world.paid == list(range(1, LINES + 1))
    _check_end(world, batch, "completed", list(range(3, LINES + 1, 3)))


def _check_end(world: BatchWorld, batch: Batch, end: str, failed: list[int]) -> None:
    state = world.state(batch)
    answered = [n for n in range(1, LINES + 1) if n % 3 and (end == "completed" or n <= 9)]
    assert state["status"] == end
    assert world.custom_ids(batch, "output") == [f"id-{n}" for n in answered]
    assert world.custom_ids(batch, "error") == [f"id-{n}" for n in failed]
    assert (state["completed_lines"], state["failed_lines"]) == (str(len(answered)), str(len(failed)))
    assert state["prompt_tokens"] == str(10 * len(answered))
    assert f"{end}_at" in state
