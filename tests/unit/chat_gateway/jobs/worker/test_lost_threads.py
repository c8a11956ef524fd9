"""If a job's thread dies of an uncaught error, the invocation ends at once."""

from __future__ import annotations

import pytest

from chat_gateway.jobs.runs import JobRuns
from tests.unit.chat_gateway.jobs.worker.conftest import Stack


def test_a_lost_thread_fails_the_batch(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQS delivers the batch again; the worker does not wait for a job without a thread."""

    def die(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(JobRuns, "run", die)
    stack.send("{}")
    with pytest.raises(MemoryError):
        stack.handle(stack.deliver())
