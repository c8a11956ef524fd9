"""Kills the function of the batches' steps in the middle of a step."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

from batch_steps import progress
from local.stack.local_stack import LocalStack
from resource_items import batch_lines, batch_state
from tests.chaos.worker_kills import processes_of, signal_all
from tests.e2e.deployed_functions import STEPS, variable

# For all lines, and for a step.
_LINES_WITHIN_S, _WITHIN_S = 900, 120
_SLOWLY_S, _POLL_S = 0.1, 0.005

State = dict[str, Any]


class StepKiller:
    """Stops every process of the function before it kills them, so that the batch's state can be read first.

    Make it before the batch, whose id is `batch_id`: on a busy machine a small batch ends while AWS's client is made.
    """

    def __init__(self, stack: LocalStack) -> None:
        self._stack, self.batch_id = stack, ""
        self._table = variable(stack, "RESOURCES_TABLE", STEPS)
        self._dynamodb = stack.session().client("dynamodb")

    def wait_for_lines(self, count: int) -> None:
        """Returns when so many lines are counted."""
        deadline = time.monotonic() + _LINES_WITHIN_S
        while (counted := self._counted()) < count:
            assert time.monotonic() < deadline, f"{counted} of {count} lines are counted"
            time.sleep(_SLOWLY_S)

    def kill_splitter(self, *, after_lines: int) -> None:
        """Kills the step that sends the lines, when it has sent some and has others left."""

        def is_splitting(state: State) -> bool:
            sent, total = batch_state.count(state, progress.SENT), batch_state.count(state, batch_state.TOTAL)
            return status(state) == batch_state.IN_PROGRESS and after_lines <= sent < total

        self._kill(is_splitting)

    def kill_assembler(self) -> None:
        """Kills the step that writes the files."""
        self._kill(lambda state: status(state) == batch_state.FINALIZING)

    def _kill(self, is_time: Callable[[State], bool]) -> None:
        deadline = time.monotonic() + _WITHIN_S
        processes: list[int] = []
        while time.monotonic() < deadline:
            signal_all(processes, signal.SIGSTOP)  # before the search for new ones, which takes time
            processes = list(processes_of(self._stack, STEPS))
            signal_all(processes, signal.SIGSTOP)
            state = self._state()
            if processes and batch_state.count(state, progress.LEASE_UNTIL) > time.time() and is_time(state):
                signal_all(processes, signal.SIGKILL)
                return
            signal_all(processes, signal.SIGCONT)
            assert status(state) not in batch_state.FINAL, f"the batch ended too soon: {status(state)}"
            time.sleep(_POLL_S)
        raise AssertionError(f"There was no such step within {_WITHIN_S} s.")

    def _counted(self) -> int:
        pages = self._dynamodb.get_paginator("query").paginate(
            TableName=self._table, ConsistentRead=True, **batch_lines.chunks_query(self.batch_id)
        )
        return sum(batch_lines.counts(dict(item) for page in pages for item in page["Items"]))

    def _state(self) -> State:
        key = batch_state.key(self.batch_id)
        answer = self._dynamodb.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return dict(answer["Item"])


def status(state: State) -> str:
    """The batch's status."""
    return str(state[batch_state.STATUS]["S"])
