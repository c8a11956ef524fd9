"""Decides what the next step of a batch is, and runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from batch_steps import splitting
from batch_steps.answers import Answers
from batch_steps.assembly import Assembly
from batch_steps.batch_table import SKEW_S, Claim, StateChangedError
from batch_steps.input_file import InputFiles
from batch_steps.line_check import LineError
from batch_steps.queues import StepQueues
from chat_gateway.client_policies.policies import ClientPolicies, ClientRecord
from resource_items import batch_state
from resource_items.batch_state import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    EXPIRED,
    FAILED,
    FINAL,
    FINALIZING,
    IN_PROGRESS,
    VALIDATING,
)

# How often a batch in progress is looked at. The worker asks for a step when it has run the last line.
WATCH_S = 120


class Steps(NamedTuple):
    """The steps of batches. `clock` is in epoch seconds; `has_time` says whether the step may go on."""

    inputs: InputFiles
    answers: Answers
    queues: StepQueues
    policies: ClientPolicies
    requests_per_minute: int  # of a client without a limit of its own
    clock: Callable[[], float]
    has_time: Callable[[], bool]

    def run(self, claim: Claim) -> int | None:
        """Runs the batch's next step. Returns the seconds until the one after it, None if the batch has ended.

        A step may be killed anywhere: the next one goes on where it was.
        """
        try:
            return self._step(claim)
        except StateChangedError:
            return 0  # the caller has cancelled the batch

    def give_up(self, claim: Claim) -> None:
        """Ends a batch whose steps fail. Raises StateChangedError."""
        if claim.progress.state.status not in FINAL:
            error = LineError("internal_error", "The gateway failed to process this batch.")
            self._fail(claim, [error.document(None)])

    def _step(self, claim: Claim) -> int | None:
        state = claim.progress.state
        if state.status in FINAL:
            return None
        if state.status in (VALIDATING, IN_PROGRESS) and self.clock() >= state.deadline + SKEW_S:
            return self._assemble(claim, EXPIRED)
        match state.status:
            case batch_state.VALIDATING:
                return self._validate(claim)
            case batch_state.IN_PROGRESS:
                return self._go_on(claim)
            case batch_state.FINALIZING:
                return self._assemble(claim, COMPLETED)
            case _:
                return self._assemble(claim, CANCELLED)

    def _validate(self, claim: Claim) -> int | None:
        state = claim.progress.state
        found = self.inputs.check(state, endpoint=claim.batch().endpoint)
        if found.errors:
            self._fail(claim, found.errors)
            return None
        self.inputs.put_index(state, found.offsets)
        values: dict[str, str | int] = {batch_state.TOTAL: found.total_lines}
        if found.model is not None:
            values[batch_state.MODEL] = found.model
        claim.move(IN_PROGRESS, values, now_s=self.clock())
        return 0

    def _fail(self, claim: Claim, errors: list[dict[str, Any]]) -> None:
        kept = errors[: batch_state.MAX_ERRORS_KEPT]
        values: dict[str, str | int] = {batch_state.ERRORS: json.dumps(kept)}
        if len(kept) < len(errors):
            self.inputs.put_errors(claim.batch_id, errors)
            values[batch_state.HAS_ERRORS_OBJECT] = 1
        claim.move(FAILED, values, now_s=self.clock())

    def _go_on(self, claim: Claim) -> int:
        state = claim.progress.state
        # Not a record of the last minute: a batch that was made while its client was deleted sends no line.
        client = self.policies.read_client(state.client)
        if client is None or not client.is_active or client.generation != state.generation:
            claim.move(CANCELLING, {}, now_s=self.clock())
            return 0
        if claim.progress.sent_lines < state.total_lines:
            return splitting.split(
                claim,
                self.queues,
                per_minute=self._rate(client),
                now_s=self.clock(),
                has_time=self.has_time,
            )
        return self._watch(claim)

    def _rate(self, client: ClientRecord) -> int:
        return client.policy.requests_per_minute or self.requests_per_minute

    def _watch(self, claim: Claim) -> int:
        """Ends the batch's progress if all lines are counted."""
        counts, now_s = claim.counts(), self.clock()
        noted: dict[str, str | int] = {
            batch_state.COMPLETED_LINES: counts.completed,
            batch_state.FAILED_LINES: counts.failed,
        }
        if sum(counts) >= claim.progress.state.total_lines:
            claim.move(FINALIZING, noted, now_s=now_s)
            return 0
        claim.save(noted)
        return max(1, min(WATCH_S, int(claim.progress.state.deadline + SKEW_S - now_s) + 1))

    def _assemble(self, claim: Claim, end: str) -> int | None:
        assembly = Assembly(claim, self.answers, self.inputs, self.clock, self.has_time)
        return assembly.run(end)
