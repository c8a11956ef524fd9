"""A thousand streams through one process of the chat function."""

from __future__ import annotations

import sys

import pytest

from local.stack.local_stack import LocalStack
from tests.e2e import streaming_function
from tests.e2e.standin import StandinControl
from tests.e2e.streaming_function import Function, eventually


def serve(function: Function, streams: int) -> None:
    """One stream in 20 is cut by Bedrock, and one in 20 is left by its caller."""
    for number in range(streams):
        if number % 20 == 0:
            function.invoke(standin_fault={"events": 50, "cut_after_events": 25}).answer()
        elif number % 20 == 10:
            function.invoke(abandon_after=10, standin_fault={"events": 50}).answer()
        else:
            assert function.invoke(standin_fault={"events": 50}).answer().complete


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_thousand_streams_leave_nothing_behind(stack: LocalStack, standin: StandinControl) -> None:
    """1,000 streams, most of 50 events, leave no memory, thread or socket behind."""
    with streaming_function.running(stack) as function:
        serve(function, 100)
        memory_kib, threads, files = function.resources()
        serve(function, 1000)
        later_memory_kib, later_threads, later_files = function.resources()
        assert later_threads <= threads
        assert later_files <= files + 1
        assert later_memory_kib - memory_kib < 4096
        assert eventually(lambda: standin.counters()["streams_open"] == 0)
