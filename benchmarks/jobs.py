"""Measures the time of one batch in the jobs worker, by the upstream's latency and the worker's width."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

from benchmarks import exchanges, functions, process_costs
from benchmarks.events import chat_body
from benchmarks.exchanges import Timing
from benchmarks.functions import Function, Running
from benchmarks.managed_runtime import ManagedRuntime
from benchmarks.shapes import Shape
from benchmarks.warm import KILOBYTE
from tests.runtime_api import RuntimeApiServer

# The time limit of a batch. If too little time is left, the worker puts jobs back.
_PATIENCE_S = 330.0


class WorkerTarget:
    """A worker under the Runtime API. It gets each request as a batch of `jobs` jobs."""

    def __init__(self, running: Running, *, jobs: int) -> None:
        self.name, self.pid = running.function.name, running.process.pid
        self._running, self._jobs = running, jobs

    def ask(self, body: bytes) -> Timing:
        """The time of the batch. Raises AssertionError if a job failed."""
        return _work(self._running, batch_event(body, self._jobs))


@contextmanager
def worker_target(
    worker: Function,
    runtime: ManagedRuntime,
    *,
    jobs: int,
    after_init: Callable[[int], None] = functions.go_on,
) -> Iterator[WorkerTarget]:
    """Runs the worker during the block, after one job to warm it up.

    `after_init` gets the process's id when the worker waits for its first event.
    """
    with RuntimeApiServer() as api, functions.running(worker, api, runtime) as running:
        exchanges.wait_until_idle(api)
        after_init(running.process.pid)
        _work(running, batch_event(chat_body(Shape(), KILOBYTE), 1))
        yield WorkerTarget(running, jobs=jobs)


def batch(
    worker: Function, runtime: ManagedRuntime, *, jobs: int, latency_s: float, repeats: int
) -> tuple[float, float | None]:
    """Seconds, and seconds of CPU time, for one batch of `jobs` jobs in a warm worker, if each answer takes `latency_s`.

    Both are the medians of `repeats` batches. The CPU time is None if the system does not provide it. Raises AssertionError if
    a job failed.
    """
    body = chat_body(Shape(latency_us=int(latency_s * 1e6)), KILOBYTE)
    with worker_target(worker, runtime, jobs=jobs) as target:
        taken = [process_costs.asked(target.pid, lambda: target.ask(body).total_s) for _ in range(repeats)]
    spent = [cpu_s for _, cpu_s in taken if cpu_s is not None]
    return median(took_s for took_s, _ in taken), median(spent) if spent else None


def _work(running: Running, event: bytes) -> Timing:
    began_s, answer = exchanges.answered(running.api, event, within_s=_PATIENCE_S)
    if json.loads(answer.body) != {"batchItemFailures": []}:
        raise AssertionError(
            f"{running.function.name} failed jobs: {answer.body[:300]!r} {running.process.stdout[-2000:]}"
        )
    return Timing(answer.ended_s - began_s, answer.ended_s - began_s)


def batch_event(body: bytes, jobs: int) -> bytes:
    """SQS's event with `jobs` jobs, each with the chat completion request `body`."""
    content = json.loads(body)
    now_ms = str(int(time.time() * 1000))
    return json.dumps(
        {
            "Records": [
                {
                    "messageId": f"00000000-0000-4000-8000-{number:012}",
                    "receiptHandle": f"handle-{number}",
                    "body": json.dumps(
                        {
                            "custom_id": f"job-{number}",
                            "method": "POST",
                            "url": "/v1/chat/completions",
                            "body": content,
                        }
                    ),
                    "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": now_ms},
                    "messageAttributes": {},
                    "eventSource": "aws:sqs",
                }
                for number in range(jobs)
            ]
        }
    ).encode()
