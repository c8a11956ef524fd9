"""Runs functions with the processor share of a memory size. The share begins after the initialisation.

Lambda gives a function a whole processor while it initialises, whatever its memory size.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from benchmarks import cold, exchanges, functions, jobs
from benchmarks.cold import ColdStart
from benchmarks.exchanges import Target
from benchmarks.functions import Function
from benchmarks.jobs import WorkerTarget
from benchmarks.managed_runtime import ManagedRuntime
from benchmarks.memory_sizes import processor_share
from benchmarks.memory_sizes.control_groups import Groups
from benchmarks.memory_sizes.event_target import EventTarget
from tests.runtime_api import RuntimeApiServer


class Sizes:
    """Starts functions at any memory size."""

    def __init__(self, groups: Groups, runtime: ManagedRuntime) -> None:
        self._groups, self._runtime = groups, runtime

    def cold_start(self, function: Function, event: bytes, memory_mib: int) -> ColdStart:
        """One cold start with this first event."""
        with self._groups.group(processor_share.quota_us(memory_mib)) as group:
            return cold.start(_sized(function, memory_mib), event, self._runtime, after_init=group.add)

    @contextmanager
    def chat(self, function: Function, memory_mib: int) -> Iterator[Target]:
        """Runs a function that answers chat completions during the block."""
        with (
            self._groups.group(processor_share.quota_us(memory_mib)) as group,
            exchanges.function_target(
                _sized(function, memory_mib), self._runtime, after_init=group.add
            ) as target,
        ):
            yield target

    @contextmanager
    def other(self, function: Function, memory_mib: int, *, good: bytes) -> Iterator[Target]:
        """Runs another function during the block. Each of its answers must contain `good`."""
        with (
            self._groups.group(processor_share.quota_us(memory_mib)) as group,
            RuntimeApiServer() as api,
            functions.running(_sized(function, memory_mib), api, self._runtime) as running,
        ):
            exchanges.wait_until_idle(api)
            group.add(running.process.pid)
            yield EventTarget(running, good=good)

    @contextmanager
    def worker(self, function: Function, memory_mib: int, *, batch_size: int) -> Iterator[WorkerTarget]:
        """Runs the jobs worker during the block."""
        with (
            self._groups.group(processor_share.quota_us(memory_mib)) as group,
            jobs.worker_target(
                _sized(function, memory_mib), self._runtime, jobs=batch_size, after_init=group.add
            ) as target,
        ):
            yield target


def _sized(function: Function, memory_mib: int) -> Function:
    return replace(function, env={**function.env, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mib)})
