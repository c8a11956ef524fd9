"""Sends a batch's lines to the jobs queue, no faster than the client's requests per minute."""

from __future__ import annotations

from collections.abc import Callable

from batch_steps import progress
from batch_steps.batch_table import Claim
from batch_steps.queues import StepQueues
from chat_gateway.jobs.sqs_limits import MAX_ENTRIES
from resource_items.batch_lines import Line

WINDOW_S = 60


def split(
    claim: Claim, queues: StepQueues, *, per_minute: int, now_s: float, has_time: Callable[[], bool]
) -> int:
    """Sends the lines of this minute. Returns the seconds until the next step.

    If it is killed after a call of SQS, the next step sends the lines of that call again.
    """
    _open_window(claim, per_minute, now_s)
    client, end = claim.progress.state.client, claim.progress.window_end
    while claim.progress.sent_lines < end and has_time():
        sent = claim.progress.sent_lines
        last = min(sent + MAX_ENTRIES, end)
        queues.send_lines([Line(claim.batch_id, n) for n in range(sent + 1, last + 1)], client=client)
        claim.save({progress.SENT: last})
    is_all = claim.progress.sent_lines >= claim.progress.state.total_lines
    is_open = claim.progress.sent_lines < end
    return 0 if is_all or is_open else max(0, claim.progress.next_window_at - int(now_s))


def _open_window(claim: Claim, per_minute: int, now_s: float) -> None:
    """Begins a minute, unless the last one is not over or has lines that were not sent."""
    at = claim.progress
    if now_s >= at.next_window_at and at.sent_lines >= at.window_end:
        end = min(at.sent_lines + per_minute, at.state.total_lines)
        claim.save({progress.WINDOW_END: end, progress.NEXT_WINDOW_AT: int(now_s) + WINDOW_S})
