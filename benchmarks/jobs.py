"""The jobs worker: how long one batch takes, by the upstream's latency and the worker's width."""

from __future__ import annotations

import json
import time

from benchmarks import functions
from benchmarks.events import chat_body
from benchmarks.functions import Function
from benchmarks.managed_runtime import ManagedRuntime
from benchmarks.shapes import Shape
from tests.runtime_api import RuntimeApiServer


def batch_s(worker: Function, runtime: ManagedRuntime, *, jobs: int, latency_s: float) -> float:
    """Seconds for one batch of `jobs` whose answers each take `latency_s`; the worker is warm.

    Raises AssertionError where a job failed.
    """
    with RuntimeApiServer() as api, functions.running(worker, api, runtime) as running:
        _work(api, running, jobs=1, latency_s=0)
        return _work(api, running, jobs=jobs, latency_s=latency_s)


def _work(api: RuntimeApiServer, running: functions.Running, *, jobs: int, latency_s: float) -> float:
    event = _batch(jobs, Shape(latency_us=int(latency_s * 1e6)))
    began_s = time.monotonic()
    answer = api.invoke(body=event, remaining_s=330).answer(300)
    if json.loads(answer.body) != {"batchItemFailures": []}:
        raise AssertionError(f"jobs failed: {answer.body[:300]!r} {running.process.stdout[-2000:]}")
    return answer.ended_s - began_s


def _batch(jobs: int, shape: Shape) -> bytes:
    """SQS's event with so many jobs."""
    body = json.loads(chat_body(shape, 1000))
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
                            "body": body,
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
