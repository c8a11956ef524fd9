"""Runs the jobs of a batch in parallel, and handles each outcome as soon as it is known."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from chat_gateway.jobs import lines as job_lines
from chat_gateway.jobs.lines import JobMessage
from chat_gateway.jobs.outcomes import Bury, Redeliver, Send, Undecided
from chat_gateway.jobs.post import JobPost, PutBack
from chat_gateway.jobs.runs import JobRuns, Run
from watchdog_timer import named

# Fields of lines of batches that failed for good, or could not be loaded.
_FAILURES = ("given_up", "fault_class")


def work_through(messages: Sequence[JobMessage], runs: JobRuns, post: JobPost, *, width: int) -> list[str]:
    """The ids of the messages to deliver again. At most `width` jobs run at once.

    Threads ask Bedrock. The calling thread sends the results, in batches of those that have ended.
    """
    ended: queue.SimpleQueue[Future[Run]] = queue.SimpleQueue()
    failed: list[str] = []
    undecided: list[Run] = []
    with ThreadPoolExecutor(max_workers=width) as pool:
        for message in messages:
            name = f"job {job_lines.result_id(message.key)}"
            pool.submit(named, name, runs.run, message).add_done_callback(ended.put)
        open_count = len(messages)
        while open_count:
            batch = _next(ended)
            open_count -= len(batch)
            undecided += [run for run in batch if isinstance(run.outcome, Undecided)]
            failed += _see_to([run for run in batch if not isinstance(run.outcome, Undecided)], runs, post)
        list(pool.map(runs.decide, undecided))
    return failed + _see_to(undecided, runs, post)


def _next(ended: queue.SimpleQueue[Future[Run]]) -> list[Run]:
    """Waits for a run to end, and returns all that have ended. Raises what a thread raised."""
    batch = [ended.get()]
    while not ended.empty():
        batch.append(ended.get())
    return [future.result() for future in batch]


def _see_to(batch: list[Run], runs: JobRuns, post: JobPost) -> list[str]:
    """Sends results and dead letters, puts jobs back, and logs. Returns the ids of the messages to deliver again."""
    sent = [(run, run.outcome.line) for run in batch if isinstance(run.outcome, Send)]
    _note_failures([run for run, _ in sent], post.send_results([line for _, line in sent]), runs)
    buried = [(run, run.outcome.letter) for run in batch if isinstance(run.outcome, Bury)]
    _note_failures([run for run, _ in buried], post.send_dead_letters([letter for _, letter in buried]), runs)
    _put_back(batch, post)
    for run in batch:
        _write(run, runs.clock())
    return [run.message.id for run in batch if isinstance(run.outcome, Redeliver)]


def _note_failures(batch: list[Run], failures: list[str | None], runs: JobRuns) -> None:
    """Puts a job back if its result or dead letter could not be sent. Its answer or failed attempt is stored."""
    for run, failure in zip(batch, failures, strict=True):
        if failure is not None:
            run.log.add(send_failure=failure)
            run.outcome = runs.again(run.message)


def _put_back(batch: list[Run], post: JobPost) -> None:
    hidden = [(run, run.outcome.delay_s) for run in batch if isinstance(run.outcome, Redeliver)]
    failures = post.put_back([PutBack(run.message.receipt_handle, delay_s) for run, delay_s in hidden])
    for (run, delay_s), failure in zip(hidden, failures, strict=True):
        # If this fails, the job stays hidden for the queue's visibility timeout.
        run.log.add(retry_in_s=delay_s if failure is None else None, visibility_failure=failure)


def _write(run: Run, now: float) -> None:
    is_retried, is_dead = isinstance(run.outcome, Redeliver), isinstance(run.outcome, Bury)
    run.log.add(retried=is_retried, dead_letter=is_dead or None, latency_ms=round((now - run.started) * 1000))
    # A repeated delivery is not a failure, nor is a line that is not run.
    is_meant = "held_elsewhere" in run.log.fields or "not_run" in run.log.fields
    is_failed = is_dead or (is_retried and not is_meant) or not run.log.fields.keys().isdisjoint(_FAILURES)
    if run.log.metrics is not None:
        from chat_gateway.jobs import job_metrics  # for environments with metrics

        run.log.metrics.add(run.log.fields, job_metrics.counts(run))
    run.log.write("job", failed=is_failed)
